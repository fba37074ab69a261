package iamsim

import (
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"time"
)

// admin returns the admin API that the package comment describes.
func (s *Server) admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /_admin/advance", adminFunc(func(in struct {
		By string `json:"by"`
	},
	) (any, error) {
		by, err := time.ParseDuration(in.By)
		if err != nil {
			return nil, err
		}
		s.Advance(by)
		return map[string]time.Time{"now": s.Now()}, nil
	}))
	mux.HandleFunc("POST /_admin/last-used", adminFunc(func(in struct {
		AccessKeyID string    `json:"access_key_id"`
		At          time.Time `json:"at"`
		Service     string    `json:"service"`
		Region      string    `json:"region"`
	},
	) (any, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if err := s.account.setLastUsed(in.AccessKeyID, in.At, in.Service, in.Region); err != nil {
			return nil, err
		}
		return s.account.keys[in.AccessKeyID].export(), nil
	}))
	mux.HandleFunc("POST /_admin/users", adminFunc(func(in struct {
		Name string `json:"name"`
	},
	) (any, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		u, err := s.account.createUser(in.Name, "/", nil, s.time.now())
		if err != nil {
			return nil, err
		}
		return s.account.exportUser(u), nil
	}))
	mux.HandleFunc("POST /_admin/kms-keys", adminFunc(func(in struct {
		Region string `json:"region"`
		Alias  string `json:"alias"`
	},
	) (any, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		k, err := s.account.createKMSKey(in.Region, in.Alias, usageEncrypt, s.time.now())
		if err != nil {
			return nil, err
		}
		return map[string]string{"arn": k.arn}, nil
	}))
	mux.HandleFunc("POST /_admin/consistency", adminFunc(s.setConsistency))
	mux.HandleFunc("GET /_admin/log", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.Log()) })
	mux.HandleFunc("GET /_admin/keys", func(w http.ResponseWriter, r *http.Request) {
		keys := s.Keys(r.URL.Query().Get("user"))
		if keys == nil {
			keys = []Key{}
		}
		writeJSON(w, keys)
	})
	return refuseForeignPages(mux)
}

// refuseForeignPages keeps out the pages of a browser on the same machine. Such a page reaches loopback under a name of its own that
// resolves to it, and then reads answers, too; under our name it can send no JSON, unless the server allows it.
func refuseForeignPages(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		switch {
		case !isLoopback((&url.URL{Host: r.Host}).Hostname()):
			http.Error(w, "the admin API answers only requests to localhost or a loopback address", http.StatusForbidden)
		case r.Method != http.MethodGet && (err != nil || mediaType != "application/json"):
			http.Error(w, "the admin API takes only Content-Type: application/json", http.StatusUnsupportedMediaType)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// adminConsistency is the body of POST /_admin/consistency. A duration that is left out is zero.
type adminConsistency struct {
	ReadLag         string `json:"read_lag"`
	ReadLagEvery    int    `json:"read_lag_every"`
	NewKeyDelay     string `json:"new_key_delay"`
	RetiredKeyDelay string `json:"retired_key_delay"`
}

func (s *Server) setConsistency(in adminConsistency) (any, error) {
	var durations [3]time.Duration
	for i, text := range []string{in.ReadLag, in.NewKeyDelay, in.RetiredKeyDelay} {
		if text == "" {
			continue
		}
		d, err := time.ParseDuration(text)
		if err != nil {
			return nil, err
		}
		durations[i] = d
	}
	s.SetReadLag(durations[0], in.ReadLagEvery)
	s.SetNewKeyDelay(durations[1])
	s.SetRetiredKeyDelay(durations[2])
	return in, nil
}

// adminFunc serves a function from JSON to JSON. Every error is the client's mistake and answers 400.
func adminFunc[In any](do func(In) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequestBytes))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		out, err := do(in)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		writeJSON(w, out)
	}
}

func writeJSON(w http.ResponseWriter, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body) // fails only if the client has gone
}
