/* The least that a program on stdin and stdout can do: answers each request with the same line. What a container
   costs with it is what a container costs. Never here: anything about MCP. */
#include <string.h>
#include <unistd.h>

int main(void) {
    static const char answer[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n";
    static char line[1 << 16];
    size_t length = 0;
    ssize_t got;
    while ((got = read(0, line + length, sizeof line - 1 - length)) > 0) {
        char *start = line, *end;
        length += (size_t)got;
        line[length] = 0;
        while ((end = strchr(start, '\n')) != NULL) {
            *end = 0;
            if (strstr(start, "\"id\":") != NULL && write(1, answer, sizeof answer - 1) < 0)
                return 3;
            start = end + 1;
        }
        length -= (size_t)(start - line);
        memmove(line, start, length);
    }
    return 0;
}
