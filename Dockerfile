# syntax=docker/dockerfile:1
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/tenure ./cmd/tenure

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates tzdata \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /var/lib/tenure --create-home tenure
COPY --from=build /out/tenure /usr/local/bin/tenure
USER tenure
WORKDIR /var/lib/tenure
ENV TENURE_DATA=/var/lib/tenure TENURE_LISTEN=0.0.0.0:8080
EXPOSE 8080
ENTRYPOINT ["tenure"]
CMD ["serve", "--no-work"]
