"""Writes a model that is small enough for any machine: tiny_model.py PATH

Made on the spot, since no published one is a megabyte. It has a single layer that adds nothing, so
the next token follows from the last one alone. Mostly it is a letter by chance. The text means
nothing; framing, grammar, counts and limits are the server's own and do not depend on it. Some
tokens have a follower that comes wherever a grammar lets it: the telephone that template.jinja puts
last if tools may be called has the opening of a call, and the brackets that end a call the end.
"""

import string
import sys

import gguf
import numpy

WIDTH = 64
CONTEXT = 131072
CONTROL = ["<unk>", "<s>", "</s>"]
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
PRINTABLE = [
    "\u2581" if character == " " else character
    for character in string.digits + string.ascii_letters + string.punctuation + " \n"
]
# Begins a call of a tool, as template.jinja writes one; never by chance.
CALL = "<tool_call>\n"
FOLLOWERS = {f"<0x{'☎'.encode()[-1]:02X}>": CALL, "}": "<", ">": "</s>"}
# Text without a grammar has mostly these.
SPOKEN = {*string.ascii_lowercase, "\u2581"}


def main(path):
    tokens = CONTROL + BYTES + PRINTABLE + [CALL]
    kinds = (
        [gguf.TokenType.UNKNOWN]
        + [gguf.TokenType.CONTROL] * 2
        + [gguf.TokenType.BYTE] * len(BYTES)
        + [gguf.TokenType.NORMAL] * len(PRINTABLE)
        + [gguf.TokenType.NORMAL]
    )
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(WIDTH)
    writer.add_head_count(2)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // 2)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(kinds)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(True)

    chance = numpy.random.default_rng(1)
    single = numpy.float32
    embedding = chance.normal(size=(len(tokens), WIDTH)).astype(single)
    output = chance.normal(size=(len(tokens), WIDTH)).astype(single)
    # A part of every token that is the same, by which the output tells letters from the rest.
    embedding[:, 0] = 4
    output[:, 0] = [2 if token in SPOKEN else 0 if token in PRINTABLE else -4 for token in tokens]
    # Parts that a token and its sure follower have alone.
    for part, (token, follower) in enumerate(FOLLOWERS.items(), 1):
        embedding[:, part] = output[:, part] = 0
        embedding[tokens.index(token), part] = output[tokens.index(follower), part] = 40
    square = numpy.zeros((WIDTH, WIDTH), dtype=single)
    ones = numpy.ones(WIDTH, dtype=single)
    writer.add_tensor("token_embd.weight", embedding)
    writer.add_tensor("output.weight", output)
    writer.add_tensor("output_norm.weight", ones)
    for name in ("attn_norm", "ffn_norm"):
        writer.add_tensor(f"blk.0.{name}.weight", ones)
    for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
        writer.add_tensor(f"blk.0.{name}.weight", square)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main(sys.argv[1])
