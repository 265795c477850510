using InspectRewards;
using SampleHosting;

// What a file of reference rewards promises before any training. No model is loaded, and no native library is needed.
return await CommandLine.InvokeAsync(
    args,
    (arguments, cancellationToken) =>
        CommandHost.RunAsync(
            () =>
            {
                CommonOptions.RequireWritable("--output", arguments.Output);
                Inspection.Run(arguments, Console.Out, cancellationToken);
                return Task.CompletedTask;
            },
            "Stopped.",
            cancellationToken
        )
);
