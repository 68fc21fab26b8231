// The S3 server that the tests run on: versitygw with its posix backend. Its own program also holds its integration
// tests, its backends for Azure and others and AWS's whole IAM client, which take long to compile.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

func main() {
	if err := serve(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Options and defaults are those of versitygw, so that the tests may run its own program instead.
func serve(args []string) error {
	gateway := flag.NewFlagSet("versitygw", flag.ExitOnError)
	version := gateway.Bool("version", false, "print the version")
	port := gateway.String("port", ":7070", "address to listen on")
	keepAlive := gateway.Bool("keep-alive", false, "keep connections open")
	health := gateway.String("health", "", "path of the health check")
	virtualDomain := gateway.String("virtual-domain", "", "domain below which buckets are virtual hosts")
	gateway.Parse(args)
	if *version {
		fmt.Println("Version  : posix only")
		return nil
	}
	if gateway.Arg(0) != "posix" {
		return fmt.Errorf("no backend but posix is in this build")
	}
	storage := flag.NewFlagSet("posix", flag.ExitOnError)
	sidecar := storage.String("sidecar", "", "folder of the metadata")
	storage.Parse(gateway.Args()[1:])

	metadata, err := meta.NewSideCar(*sidecar)
	if err != nil {
		return err
	}
	options := posix.PosixOpts{
		SideCarDir:          *sidecar,
		Concurrency:         5000,
		IOBufferSize:        1 << 20,
		CopyObjectThreshold: 5 << 30,
	}
	options.SetNewDirPerm(0o755)
	options.SetNewFilePerm(0o644)
	files, err := posix.New(storage.Arg(0), metadata, options)
	if err != nil {
		return err
	}

	untilStopped, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	return embedgw.RunVersityGW(untilStopped, files, &embedgw.Config{
		RootUserAccess:    os.Getenv("ROOT_ACCESS_KEY_ID"),
		RootUserSecret:    os.Getenv("ROOT_SECRET_ACCESS_KEY"),
		Region:            "us-east-1",
		Ports:             []string{*port},
		MaxConnections:    250000,
		MaxRequests:       100000,
		MultipartMaxParts: 10000,
		KeepAlive:         *keepAlive,
		VirtualDomain:     *virtualDomain,
		HealthPath:        *health,
	})
}
