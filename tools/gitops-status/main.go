// Computes the status of an object as GitOps tools do: with kstatus, which Flux uses, and with a Lua health check of
// Argo CD, run in the same interpreter with the same libraries as in Argo CD.
//
// The only argument is the path of the Lua script. The object is read as JSON from standard input.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type health struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: gitops-status HEALTH.lua < OBJECT.json")
	}
	script, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var object map[string]any
	if err := json.NewDecoder(os.Stdin).Decode(&object); err != nil {
		log.Fatal(err)
	}
	kstatusHealth, err := computeKstatus(object)
	if err != nil {
		log.Fatal(err)
	}
	argoHealth, err := runHealthCheck(string(script), object)
	if err != nil {
		log.Fatal(err)
	}
	results := map[string]health{"kstatus": kstatusHealth, "argocd": argoHealth}
	if err := json.NewEncoder(os.Stdout).Encode(results); err != nil {
		log.Fatal(err)
	}
}

func computeKstatus(object map[string]any) (health, error) {
	// Decoded again by apimachinery, which uses int64 for whole numbers instead of float64.
	text, err := json.Marshal(object)
	if err != nil {
		return health{}, err
	}
	var parsed unstructured.Unstructured
	if err := parsed.UnmarshalJSON(text); err != nil {
		return health{}, err
	}
	result, err := status.Compute(&parsed)
	if err != nil {
		return health{}, err
	}
	return health{Status: result.Status.String(), Message: result.Message}, nil
}

func runHealthCheck(script string, object map[string]any) (health, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		state.Push(state.NewFunction(open))
		state.Push(lua.LString(name))
		state.Call(1, 0)
	}
	state.SetGlobal("obj", toLua(state, object))
	if err := state.DoString(script); err != nil {
		return health{}, err
	}
	result, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return health{}, fmt.Errorf("the health check returned %s instead of a table", state.Get(-1).Type())
	}
	return health{
		Status:  lua.LVAsString(result.RawGetString("status")),
		Message: lua.LVAsString(result.RawGetString("message")),
	}, nil
}

func toLua(state *lua.LState, value any) lua.LValue {
	switch typed := value.(type) {
	case bool:
		return lua.LBool(typed)
	case float64:
		return lua.LNumber(typed)
	case string:
		return lua.LString(typed)
	case []any:
		table := state.NewTable()
		for _, item := range typed {
			table.Append(toLua(state, item))
		}
		return table
	case map[string]any:
		table := state.NewTable()
		for key, item := range typed {
			table.RawSetString(key, toLua(state, item))
		}
		return table
	default:
		return lua.LNil
	}
}
