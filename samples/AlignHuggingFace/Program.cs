using AlignHuggingFace;
using SampleHosting;
using TorchSharp;

// A directory from Hugging Face in, an aligned directory out. The story of a run: Alignment.
const string Stopped = "Stopped; the same command goes on from here.";
return await CommandLine.InvokeAsync(
    args,
    (arguments, cancellationToken) =>
        CommandHost.RunAsync(
            async () =>
            {
                FastRuntime.Begin(arguments.PlainRuntime, arguments.Model);
                // before anything is computed: more than there are cores free only wait for each other
                torch.set_num_threads(arguments.Threads);
                if (arguments.MakeTiny is string directory)
                {
                    CommonOptions.RequireWritable("--make-tiny", directory);
                    TinyModels.Write(directory);
                    Console.WriteLine($"Written to {directory}: {TinyModels.Policy}, {TinyModels.Reward}, {TinyModels.Prompts}.");
                    return;
                }

                CommonOptions.RequireWritable("--output", arguments.Output);
                CommonOptions.RequireWritable("--references", Path.GetDirectoryName(Path.GetFullPath(arguments.References))!);
                await Alignment.RunAsync(arguments, Console.Out, cancellationToken);
            },
            Stopped,
            cancellationToken,
            e => e is InvalidOperationException
        )
);
