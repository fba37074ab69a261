package awsclient

import (
	"context"
	"io"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// plainBody hides from net/http that the body of a request can write itself (io.WriterTo). AWS may answer before net/http has seen the
// end of the body. The SDK then closes it, and a closed body that is asked to write itself returns io.EOF, which net/http takes for a
// failure of the request: it closes the connection while the answer is read. A large answer is lost so, and asked for again. A closed body
// that is read has just ended.
func plainBody(stack *middleware.Stack) error {
	return stack.Build.Add(middleware.BuildMiddlewareFunc("PlainBody", hideWriterTo), middleware.After)
}

func hideWriterTo(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (
	middleware.BuildOutput, middleware.Metadata, error,
) {
	if request, ok := in.Request.(*smithyhttp.Request); ok {
		// A body that can seek can be sent again, and its length is known.
		if body, ok := request.GetStream().(io.ReadSeeker); ok {
			plain, err := request.SetStream(struct{ io.ReadSeeker }{body})
			if err != nil {
				return middleware.BuildOutput{}, middleware.Metadata{}, err
			}
			in.Request = plain
		}
	}
	return next.HandleBuild(ctx, in)
}
