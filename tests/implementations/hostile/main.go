// A client endpoint that says hello and then does its host some harm, as $MODE has it.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func say(event string, fields map[string]any) {
	fields["event"] = event
	line, _ := json.Marshal(fields)
	fmt.Println(string(line))
}

func main() {
	if os.Getenv("MODE") == "declines" {
		os.Exit(127)
	}
	say("hello", map[string]any{
		"contract": 1, "name": "hostile", "version": "1", "roles": []string{"client"},
	})
	switch os.Getenv("MODE") {
	case "deaf":
		signal.Ignore(syscall.SIGTERM)
	case "floods":
		lie := strings.Repeat("::error::\x1b[31mPASS 1598 pass ", 30)
		for {
			fmt.Println(lie)
		}
	case "forks":
		for exec.Command("/proc/self/exe").Start() == nil {
		}
	case "eats":
		for eaten := [][]byte{}; ; {
			eaten = append(eaten, []byte(strings.Repeat("x", 1<<24)))
		}
	case "quits":
		os.Exit(3)
	}
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		if os.Getenv("MODE") == "looks" {
			say("seen", seen())
		} else {
			say("got", map[string]any{"line": commands.Text()})
		}
	}
	select {}
}

// What a program finds out about the walls around it.
func seen() map[string]any {
	status, _ := os.ReadFile("/proc/self/status")
	found := map[string]any{"uid": os.Getuid(), "scratch": filled("/tmp/full")}
	for _, line := range strings.Split(string(status), "\n") {
		for _, name := range []string{"CapEff", "NoNewPrivs", "Seccomp"} {
			if value, ok := strings.CutPrefix(line, name+":"); ok {
				found[name] = strings.TrimSpace(value)
			}
		}
	}
	found["root"] = os.WriteFile("/mark", nil, 0o600) != nil
	_, err := net.DialTimeout("tcp", "192.0.2.1:443", time.Second)
	found["outside"] = err != nil
	return found
}

// How many bytes fit into a file there.
func filled(path string) int {
	file, err := os.Create(path)
	if err != nil {
		return 0
	}
	total := 0
	for {
		written, err := file.Write(make([]byte, 1<<20))
		total += written
		if err != nil || total > 1<<28 {
			return total
		}
	}
}
