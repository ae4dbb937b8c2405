package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
)

func TestPagesArePackedForThoseWhoTakeIt(t *testing.T) {
	page := strings.Repeat("<p>a line of a page</p>", 400)
	send := func(accept string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		c, _ := gin.CreateTestContext(w)
		c.Request = httptest.NewRequest(http.MethodGet, "/", nil)
		c.Request.Header.Set("Accept-Encoding", accept)
		(&request{Context: c}).send(http.StatusOK, []byte(page))
		return w
	}
	if w := send(""); w.Body.String() != page || w.Header().Get("Content-Encoding") != "" || w.Header().Get("Vary") != "Accept-Encoding" {
		t.Errorf("plain: %v", w.Header())
	}
	w := send("gzip, br")
	if w.Header().Get("Content-Encoding") != "gzip" || w.Body.Len() > len(page)/10 {
		t.Fatalf("packed: %v, %d bytes", w.Header(), w.Body.Len())
	}
	z, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(z); err != nil || string(body) != page {
		t.Errorf("packed is another page: %v", err)
	}
}
