// A service in the cluster that lists deployments with a key pair that is mounted from a Secret.
//
// It reads the pair for each new token, so that a rotation needs no restart. It reuses a token until shortly before it
// expires, or until it is rejected.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Tokens are replaced this long before they expire, to allow for clock skew and the duration of requests.
const margin = time.Minute

type consumer struct {
	url, pairDirectory, cluster string
	client                      http.Client
	token                       string
	replaceAt                   time.Time
}

type deployments struct {
	Items []struct {
		Metadata struct{ Namespace, Name string }
	}
	Pagination struct{ Total int }
}

func main() {
	log.SetFlags(0)
	seconds, err := strconv.Atoi(getenv("INTERVAL_SECONDS", "30"))
	if err != nil {
		log.Fatalf("INTERVAL_SECONDS: %v", err)
	}
	c := consumer{
		url:           getenv("ACCESSKEY_URL", "http://accesskey-operator.accesskey-system"),
		pairDirectory: getenv("PAIR_DIRECTORY", "/etc/accesskey"),
		cluster:       getenv("CLUSTER", "kpanda-global-cluster"),
		client:        http.Client{Timeout: 10 * time.Second},
	}
	for ; ; time.Sleep(time.Duration(seconds) * time.Second) {
		if err := c.listDeployments(); err != nil {
			log.Print(err)
		}
	}
}

func getenv(name, defaultValue string) string {
	if value, ok := os.LookupEnv(name); ok {
		return value
	}
	return defaultValue
}

func (c *consumer) listDeployments() error {
	if time.Now().After(c.replaceAt) {
		if err := c.fetchToken(); err != nil {
			return err
		}
	}
	path := fmt.Sprintf("/apis/kpanda.io/v1alpha1/clusters/%s/deployments?pageSize=100", url.PathEscape(c.cluster))
	request, err := http.NewRequest(http.MethodGet, c.url+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	var page deployments
	status, err := c.send(request, &page)
	if status == http.StatusUnauthorized {
		// The pair may have been rotated or the token revoked: read the files again at the next attempt.
		c.replaceAt = time.Time{}
	}
	if err != nil {
		return fmt.Errorf("cannot list deployments: %w", err)
	}
	names := make([]string, len(page.Items))
	for i, item := range page.Items {
		names[i] = item.Metadata.Namespace + "/" + item.Metadata.Name
	}
	fmt.Printf("%d deployments: %s\n", page.Pagination.Total, strings.Join(names, " "))
	return nil
}

// fetchToken gets a token with OAuth 2.0 client credentials (RFC 6749, section 4.4): the ak is the client ID, the sk
// the client secret.
func (c *consumer) fetchToken() error {
	ak, err := os.ReadFile(filepath.Join(c.pairDirectory, "ak"))
	if err != nil {
		return err
	}
	sk, err := os.ReadFile(filepath.Join(c.pairDirectory, "sk"))
	if err != nil {
		return err
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	request, err := http.NewRequest(http.MethodPost, c.url+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(string(ak), string(sk))
	var issued struct {
		Token   string `json:"access_token"`
		Seconds int    `json:"expires_in"`
	}
	if _, err := c.send(request, &issued); err != nil {
		return fmt.Errorf("cannot get a token: %w", err)
	}
	fmt.Printf("token for %s\n", ak)
	c.token = issued.Token
	c.replaceAt = time.Now().Add(time.Duration(issued.Seconds)*time.Second - margin)
	return nil
}

// send sends a request and decodes the JSON response. The status is also returned with an error, or 0 without a
// response.
func (c *consumer) send(request *http.Request, into any) (int, error) {
	response, err := c.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return response.StatusCode, fmt.Errorf("status %d", response.StatusCode)
	}
	return response.StatusCode, json.NewDecoder(response.Body).Decode(into)
}
