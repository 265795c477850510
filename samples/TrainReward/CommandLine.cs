using System.CommandLine;
using System.CommandLine.Parsing;
using SampleHosting;

namespace TrainReward;

/// <summary>What stands behind the name of the program, and the <see cref="Arguments"/> that it comes to. Stateless.</summary>
internal static class CommandLine
{
    private const string Purpose =
        "Trains a judge on preference pairs, measures its accuracy and what Best-of-N with it would gain, and aligns a model with it.";

    /// <summary>Parses the arguments and runs the program, or prints help or one line that says what is wrong.</summary>
    /// <returns>The exit code: 0, 2 for wrong arguments, or what the program returned.</returns>
    public static Task<int> InvokeAsync(string[] args, Func<Arguments, CancellationToken, Task<int>> run)
    {
        var program = new RootCommand(Purpose);
        foreach (var option in JudgeOptions.All.Concat(RunOptions.All))
            program.Options.Add(option);
        program.Validators.Add(Check);
        program.SetAction((result, stop) => run(Read(result), stop));
        return CommandHost.InvokeAsync(program, args);
    }

    private static void Check(CommandResult result)
    {
        if (Given(JudgeOptions.Model) && !Given(JudgeOptions.Pairs))
            result.AddError("--model needs --pairs, a file of preference pairs");
        foreach (
            var option in new Option[]
            {
                JudgeOptions.Pairs,
                JudgeOptions.HeldOutPairs,
                JudgeOptions.HeldOutShare,
                RunOptions.Threads,
            }.Where(option => !Given(JudgeOptions.Model) && Given(option))
        )
            result.AddError($"{option.Name} needs --model; without --model the embedded set is used");
        foreach (
            var option in new Option[] { JudgeOptions.Flipped, RunOptions.Quick }.Where(option =>
                Given(JudgeOptions.Model) && Given(option)
            )
        )
            result.AddError($"{option.Name} is about the embedded set and cannot be combined with --model");
        if (Given(JudgeOptions.HeldOutPairs) && Given(JudgeOptions.HeldOutShare))
            result.AddError("--held-out cannot be combined with --held-out-pairs");

        bool Given(Option option) => result.GetResult(option) is { Implicit: false };
    }

    private static Arguments Read(ParseResult result)
    {
        string? model = result.GetValue(JudgeOptions.Model);
        bool quick = result.GetValue(RunOptions.Quick),
            lora = result.GetValue(JudgeOptions.Lora);
        long seed = result.GetValue(RunOptions.Seed);
        return new Arguments
        {
            Model = model,
            Pairs = result.GetValue(JudgeOptions.Pairs),
            HeldOutPairs = result.GetValue(JudgeOptions.HeldOutPairs),
            HeldOutShare = result.GetValue(JudgeOptions.HeldOutShare),
            SkipFaulty = result.GetValue(JudgeOptions.SkipFaulty),
            Flipped = result.GetValue(JudgeOptions.Flipped),
            Steps =
                result.GetValue(JudgeOptions.Steps)
                ?? (
                    model is not null ? 300
                    : quick ? 100
                    : 1200
                ),
            PairsPerStep = result.GetValue(JudgeOptions.PairsPerStep),
            PairsPerPass = result.GetValue(JudgeOptions.PairsPerPass),
            LearningRate =
                result.GetValue(JudgeOptions.LearningRate)
                ?? (
                    model is null ? 3e-3
                    : lora ? 2e-4
                    : 1e-5
                ),
            Centring = result.GetValue(JudgeOptions.Centring),
            Lora = lora,
            CheckpointEvery = result.GetValue(JudgeOptions.CheckpointEvery),
            N = result.GetValue(RunOptions.N),
            Prompts = result.GetValue(RunOptions.Prompts) ?? (quick ? 8 : 48),
            SamplesPerPrompt = result.GetValue(RunOptions.Samples) ?? (quick ? 32 : 128),
            MaxNewTokens = result.GetValue(RunOptions.MaxNewTokens),
            Align =
                result.GetValue(RunOptions.Align)
                ?? (
                    model is not null ? 0
                    : quick ? 15
                    : 100
                ),
            Seed = seed,
            Output =
                result.GetValue(RunOptions.Output)
                ?? Path.Combine("output", FormattableString.Invariant($"judge-seed{seed}{(quick ? "-quick" : "")}")),
            Threads = model is null ? 1 : result.GetValue(RunOptions.Threads),
            Quick = quick,
            PlainRuntime = result.GetValue(RunOptions.Plain),
        };
    }
}
