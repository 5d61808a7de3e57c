// Verifies signed requests: reads one JSON object per line and prints whether the library accepts it.
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

type request struct {
	Secret  string            `json:"secret"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

func main() {
	input := json.NewDecoder(os.Stdin)
	for {
		var asked request
		if err := input.Decode(&asked); err != nil {
			return
		}
		headers := http.Header{}
		for name, value := range asked.Headers {
			headers.Set(name, value)
		}
		webhook, err := standardwebhooks.NewWebhook(asked.Secret)
		if err == nil {
			err = webhook.Verify([]byte(asked.Body), headers)
		}
		fmt.Println(err == nil)
	}
}
