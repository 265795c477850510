// An aligned model behind HTTP, on this machine alone: dotnet run -c Release --project samples/Serve, then open the address that it prints.
using SampleHosting;
using Serve;
using TorchSharp;

return await CommandLine.InvokeAsync(
    args,
    async (arguments, cancellationToken) =>
    {
        int code = 0;
        int failed = await CommandHost.RunAsync(
            async () =>
            {
                arguments.Require();
                FastRuntime.Begin(arguments.PlainRuntime, arguments.Model);
                torch.set_num_threads(arguments.Threads);
                if (arguments.Model is null)
                {
                    CommonOptions.RequireWritable("--output", arguments.Output);
                    arguments = await TinyModels.ObtainAsync(arguments, cancellationToken);
                }

                await using var app = Server.Create(arguments with { Port = arguments.Quick ? 0 : arguments.Port });
                await Server.StartAsync(app, arguments, cancellationToken);
                Uri address = Server.AddressOf(app);
                if (arguments.Quick)
                    code = await QuickRun.AskAsync(address, Console.Out, cancellationToken);
                else
                    Console.WriteLine(
                        $"Listening on {address} : the page; {new Uri(address, "v1")} is what a chat client is given. Ctrl+C ends it."
                    );
                if (!arguments.Quick)
                    await app.WaitForShutdownAsync(cancellationToken);
                await app.StopAsync(CancellationToken.None);
            },
            "Stopped.",
            cancellationToken,
            e => e is InvalidOperationException or Microsoft.Extensions.Options.OptionsValidationException
        );
        return failed == CommandHost.Interrupted ? 0
            : failed == 0 ? code
            : failed; // to be stopped is how a server ends
    }
);
