using SampleHosting;
using TorchSharp;
using TrainReward;

// Pairs in, a judge out, and what it is worth. The story of a run: JudgeRun; the loop: JudgeTraining.
return await CommandLine.InvokeAsync(
    args,
    (arguments, stop) =>
        CommandHost.RunAsync(
            () =>
            {
                FastRuntime.Begin(arguments.PlainRuntime, arguments.Model);
                torch.set_num_threads(arguments.Threads);
                CommonOptions.RequireWritable("--output", arguments.Output);
                return JudgeRun.RunAsync(arguments, Console.Out, stop);
            },
            "Stopped; the same command goes on from the last checkpoint.",
            stop,
            e => e is InvalidOperationException
        )
);
