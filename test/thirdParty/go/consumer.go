// What somebody writes who has nothing but the document: oapi-codegen made the package api.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"

	"arkloop.test/consumer/api"
	"github.com/google/uuid"
)

func must[T any](value *T, err error, status string) *T {
	if err != nil {
		fail(err.Error())
	}
	if value == nil {
		fail("refused: " + status)
	}
	return value
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(1)
}

func text(value string) *string { return &value }

func main() {
	ctx := context.Background()
	token := ""
	signed := func(_ context.Context, request *http.Request) error {
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		return nil
	}
	client, err := api.NewClientWithResponses(os.Args[1], api.WithRequestEditorFn(signed))
	if err != nil {
		fail(err.Error())
	}

	login := "third-" + uuid.NewString()[:8]
	registered, err := client.AuthRegisterWithResponse(ctx, api.NewUser{Login: login, Email: login + "@example.test", Password: "Passw0rd-1"})
	token = must(registered.JSON201, err, registered.Status()).AccessToken

	created, err := client.ThreadsCreateWithResponse(ctx, nil, api.NewThread{Title: text("From elsewhere")})
	thread := must(created.JSON201, err, created.Status()).Id
	added, err := client.MessagesCreateWithResponse(ctx, thread, nil, api.NewMessage{Content: text("Hello!")})
	must(added.JSON201, err, added.Status())
	key := api.IdempotencyKey(uuid.NewString())
	started, err := client.RunsCreateWithResponse(ctx, thread, &api.RunsCreateParams{IdempotencyKey: &key}, api.NewRun{})
	run := must(started.JSON201, err, started.Status()).RunId

	stream, err := client.RunsEvents(ctx, run, nil)
	if err != nil {
		fail(err.Error())
	}
	defer stream.Body.Close()
	events, said, last := 0, "", ""
	for lines := bufio.NewScanner(stream.Body); lines.Scan(); {
		data, isData := strings.CutPrefix(lines.Text(), "data: ")
		if !isData {
			continue
		}
		var event api.RunEvent
		if err := json.Unmarshal([]byte(data), &event); err != nil {
			fail(err.Error())
		}
		value, err := event.ValueByDiscriminator()
		if err != nil {
			fail(err.Error())
		}
		if delta, isDelta := value.(api.MessageDeltaEvent); isDelta {
			said += delta.Data.ContentDelta
		}
		last, _ = event.Discriminator()
		events++
	}
	if last != "run.completed" {
		fail("the last event is " + last)
	}

	listed, err := client.MessagesListWithResponse(ctx, thread, nil)
	roles := []string{}
	for _, message := range *must(listed.JSON200, err, listed.Status()) {
		roles = append(roles, string(message.Role))
	}
	limit := 1
	threads, err := client.ThreadsListWithResponse(ctx, &api.ThreadsListParams{Limit: &limit})
	page := *must(threads.JSON200, err, threads.Status())
	refused, err := client.ThreadsGetWithResponse(ctx, uuid.New(), nil)
	problem := must(refused.JSON404, err, refused.Status())

	report, _ := json.Marshal(map[string]any{
		"events":  events,
		"said":    said,
		"roles":   roles,
		"threads": len(page),
		"traced":  len(threads.HTTPResponse.Header.Get("X-Trace-Id")),
		"refused": problem.Error,
	})
	fmt.Println(string(report))
}
