// What GitOps tools say of an object: kstatus, which Flux and Argo CD's CLI ask, and a health check of Argo CD in Lua, run
// by the interpreter that Argo CD has, with the libraries that it gives to such checks.
//
// The Lua comes from the file named by the only argument, the object as JSON from standard input.
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

type verdict struct {
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
	ofKstatus, err := kstatus(object)
	if err != nil {
		log.Fatal(err)
	}
	ofArgoCD, err := health(string(script), object)
	if err != nil {
		log.Fatal(err)
	}
	verdicts := map[string]verdict{"kstatus": ofKstatus, "argocd": ofArgoCD}
	if err := json.NewEncoder(os.Stdout).Encode(verdicts); err != nil {
		log.Fatal(err)
	}
}

func kstatus(object map[string]any) (verdict, error) {
	// Through JSON again, in the way of apimachinery, which has whole numbers where encoding/json has floats.
	text, err := json.Marshal(object)
	if err != nil {
		return verdict{}, err
	}
	var parsed unstructured.Unstructured
	if err := parsed.UnmarshalJSON(text); err != nil {
		return verdict{}, err
	}
	result, err := status.Compute(&parsed)
	if err != nil {
		return verdict{}, err
	}
	return verdict{Status: result.Status.String(), Message: result.Message}, nil
}

func health(script string, object map[string]any) (verdict, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		state.Push(state.NewFunction(open))
		state.Push(lua.LString(name))
		state.Call(1, 0)
	}
	state.SetGlobal("obj", toLua(state, object))
	if err := state.DoString(script); err != nil {
		return verdict{}, err
	}
	result, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return verdict{}, fmt.Errorf("the health check gave no table but %s", state.Get(-1).Type())
	}
	return verdict{
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
