package oidctest

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"tenure/internal/config"
)

// Lie is what a Liar does otherwise than an honest provider. An empty one is the control.
type Lie struct {
	Discovery  func(doc map[string]any)
	Response   func(q url.Values) // what the browser brings back
	Header     map[string]any     // of the ID token, besides alg and kid
	Claims     func(claims map[string]any)
	Sign       func(l *Liar, header, claims map[string]any) string // the whole ID token
	Keys       http.HandlerFunc                                    // the key set
	Token      func(answer map[string]any)
	UserInfo   map[string]any
	IgnorePKCE bool
}

// Liar is a small OpenID provider that signs everybody in as one user without asking, and lies as it is told.
type Liar struct {
	Issuer, ClientID, Secret string
	User                     User

	server *httptest.Server

	mu    sync.Mutex
	lie   Lie
	codes map[string]url.Values // to the request they answer
	asked []url.Values
	swaps []url.Values
	keys  *rsa.PrivateKey
	kid   string
}

// NewLiar starts one; it ends with the test.
func NewLiar(t testing.TB, user User, lie Lie) *Liar {
	t.Helper()
	l := &Liar{ClientID: "tenure", Secret: "a secret of more than 32 characters, for HMAC", User: user, lie: lie, codes: map[string]url.Values{}, keys: Own(), kid: keyID}
	l.server = httptest.NewServer(http.HandlerFunc(l.serve))
	l.Issuer = l.server.URL
	t.Cleanup(l.server.Close)
	return l
}

// Config is what an installation would write about the provider.
func (l *Liar) Config() config.Provider {
	return config.Provider{Name: "liar", Title: "Liar", Issuer: l.Issuer, ClientID: l.ClientID, Secret: l.Secret}
}

// Tell changes the lie.
func (l *Liar) Tell(lie Lie) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lie = lie
}

// Rotate signs with another key from now on and publishes it, as honest providers do now and then.
func (l *Liar) Rotate() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keys, l.kid = Foreign(), "two"
}

// Asked gives the authorization requests, Swaps the token requests so far.
func (l *Liar) Asked() []url.Values { return l.seen(&l.asked) }

// Swaps gives the token requests so far.
func (l *Liar) Swaps() []url.Values { return l.seen(&l.swaps) }

func (l *Liar) seen(list *[]url.Values) []url.Values {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]url.Values(nil), *list...)
}

// Own is the key of providers.
var Own = sync.OnceValue(newKey)

// Foreign is somebody else's.
var Foreign = sync.OnceValue(newKey)

func newKey() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // the machine has no randomness
	}
	return k
}

// JWK is a public key as key sets have it.
func JWK(k *rsa.PrivateKey, kid string) map[string]any {
	e := big.NewInt(int64(k.E)).Bytes()
	return map[string]any{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": base64.RawURLEncoding.EncodeToString(k.N.Bytes()), "e": base64.RawURLEncoding.EncodeToString(e)}
}

// PEM is a public key as text: what HMAC is keyed with where algorithms are confused.
func PEM(k *rsa.PrivateKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	if err != nil {
		panic(err) // it is a public key
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func part(v any) string {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of strings and numbers
	}
	return base64.RawURLEncoding.EncodeToString(body)
}

// RS256 signs an ID token.
func RS256(k *rsa.PrivateKey, header, claims map[string]any) string {
	text := part(header) + "." + part(claims)
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, sum[:])
	if err != nil {
		panic(err) // the key is long enough
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

// HS256 signs an ID token with a shared key.
func HS256(key []byte, header, claims map[string]any) string {
	header = maps.Clone(header)
	header["alg"] = "HS256"
	text := part(header) + "." + part(claims)
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// None signs nothing.
func None(header, claims map[string]any) string {
	header = maps.Clone(header)
	header["alg"] = "none"
	return part(header) + "." + part(claims) + "."
}

func (l *Liar) serve(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = r.ParseForm()
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		doc := map[string]any{"issuer": l.Issuer, "authorization_endpoint": l.Issuer + "/authorize", "token_endpoint": l.Issuer + "/token", "jwks_uri": l.Issuer + "/keys",
			"userinfo_endpoint": l.Issuer + "/userinfo", "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
			"id_token_signing_alg_values_supported": []string{"RS256"}, "authorization_response_iss_parameter_supported": true}
		if l.lie.Discovery != nil {
			l.lie.Discovery(doc)
		}
		answer(w, http.StatusOK, doc)
	case "/authorize":
		l.authorize(w, r)
	case "/token":
		l.token(w, r)
	case "/keys":
		if l.lie.Keys != nil {
			l.lie.Keys(w, r)
			return
		}
		answer(w, http.StatusOK, map[string]any{"keys": []any{JWK(l.keys, l.kid)}})
	case "/foreign-keys":
		answer(w, http.StatusOK, map[string]any{"keys": []any{JWK(Foreign(), "foreign")}})
	case "/userinfo":
		answer(w, http.StatusOK, l.lie.UserInfo)
	default:
		http.NotFound(w, r)
	}
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (l *Liar) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	l.asked = append(l.asked, q)
	code := rand.Text()
	l.codes[code] = q
	back := url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {l.Issuer}}
	if l.lie.Response != nil {
		l.lie.Response(back)
	}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

// token gives the ID token for a code: once, to the portal, and to whoever knows the verifier.
func (l *Liar) token(w http.ResponseWriter, r *http.Request) {
	l.swaps = append(l.swaps, r.PostForm)
	id, secret, _ := r.BasicAuth()
	if id == "" {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	} else {
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	}
	q, ok := l.codes[r.PostForm.Get("code")]
	delete(l.codes, r.PostForm.Get("code"))
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	proved := q.Get("code_challenge_method") == "S256" && q.Get("code_challenge") == base64.RawURLEncoding.EncodeToString(sum[:])
	if id != l.ClientID || secret != l.Secret || !ok || !proved && !l.lie.IgnorePKCE {
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	now := time.Now()
	claims := map[string]any{"iss": l.Issuer, "sub": l.User.Subject, "aud": l.ClientID, "exp": now.Add(5 * time.Minute).Unix(), "iat": now.Unix(), "auth_time": now.Unix(), "nonce": q.Get("nonce"),
		"email": l.User.Email, "email_verified": l.User.Verified}
	if l.User.Number != "" {
		claims["employee_number"] = l.User.Number
	}
	if l.lie.Claims != nil {
		l.lie.Claims(claims)
	}
	header := map[string]any{"alg": "RS256", "kid": l.kid, "typ": "JWT"}
	maps.Copy(header, l.lie.Header)
	var token string
	if l.lie.Sign != nil {
		token = l.lie.Sign(l, header, claims)
	} else {
		token = RS256(l.keys, header, claims)
	}
	out := map[string]any{"access_token": "access", "token_type": "Bearer", "expires_in": 300, "id_token": token}
	if l.lie.Token != nil {
		l.lie.Token(out)
	}
	answer(w, http.StatusOK, out)
}
