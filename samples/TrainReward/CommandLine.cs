using System.CommandLine;
using System.CommandLine.Parsing;
using SampleHosting;

namespace TrainReward;

/// <summary>The options of the program. Stateless.</summary>
internal static class CommandLine
{
    private const string Purpose =
        "Trains a judge on preference pairs, says how far it is right, what Best-of-N by it promises, and aligns a model by it.";

    private static readonly Option<string> Model = new Option<string>("--model")
    {
        Description =
            "Directory of a causal language model from Hugging Face: the judge begins as it, "
            + "with a new head [default: a small one, trained within a minute on film reviews].",
    }.Checked(Directory.Exists, value => $"--model is '{value}'; there is no such directory");

    private static readonly Option<string> Pairs = File(
        "--pairs",
        "Preference pairs in JSON Lines: prompt, chosen, rejected, as texts "
            + "or messages. Needed with --model [default: reviews with a known truth]."
    );

    private static readonly Option<string> HeldOutPairs = File(
        "--held-out-pairs",
        "Pairs that measure the judge [default: those of a " + "share of the prompts of --pairs]."
    );

    private static readonly Option<double> HeldOutShare = OptionChecks.Number(
        "--held-out",
        "Share of the prompts of --pairs that are " + "held out.",
        0.1,
        value => value is > 0 and < 1,
        "above 0 and below 1"
    );

    private static readonly Option<bool> SkipFaulty = new("--skip-faulty")
    {
        Description =
            "Leave out faulty pairs (equal answers, other prompts, held-out ones that are trained on) instead of refusing to run.",
    };

    private static readonly Option<double> Flipped = OptionChecks.Number(
        "--flipped",
        "f, the share of labels of the embedded set that " + "are wrong.",
        0.2,
        value => value is >= 0 and < 0.5,
        "0 to below 0.5"
    );

    private static readonly Option<int?> Steps = OptionChecks.Number<int>(
        "--steps",
        "Steps of training the judge [default: 1200; with " + "--quick 100; with --model 300].",
        value => value >= 1,
        "at least 1"
    );

    private static readonly Option<int> PairsPerStep = OptionChecks.Number(
        "--pairs-per-step",
        "Pairs of one step.",
        64,
        value => value >= 1,
        "at least 1"
    );

    private static readonly Option<int> PairsPerPass = OptionChecks.Number(
        "--pairs-per-pass",
        "Pairs whose gradient is taken at a " + "time: what bounds memory.",
        64,
        value => value >= 1,
        "at least 1"
    );

    private static readonly Option<double?> LearningRate = OptionChecks.Number<double>(
        "--learning-rate",
        "Its peak [default: 3e-3; " + "with --model 1e-5, with --lora 2e-4].",
        value => value > 0,
        "above 0"
    );

    private static readonly Option<double> Centring = OptionChecks.Number(
        "--centring",
        "Weight of (r_c + r_r)^2, which holds the level " + "of rewards at 0.",
        0.01,
        value => value >= 0,
        "at least 0"
    );

    private static readonly Option<bool> Lora = new("--lora")
    {
        Description = "Train low-rank adapters and the head instead of all weights.",
    };

    private static readonly Option<int> CheckpointEvery = OptionChecks.Number(
        "--checkpoint-every",
        "Steps from one checkpoint to the " + "next.",
        100,
        value => value >= 1,
        "at least 1"
    );

    private static readonly Option<double> N = OptionChecks.Number(
        "--n",
        "N, the draws that one is to be worth.",
        8.0,
        value => value >= 1,
        "at least 1"
    );

    private static readonly Option<int?> Prompts = OptionChecks.Number<int>(
        "--prompts",
        "Prompts that answers are drawn for, of each " + "side [default: 48; with --quick 8].",
        value => value >= 1,
        "at least 1"
    );

    private static readonly Option<int?> Samples = OptionChecks.Number<int>(
        "--samples",
        "M, reference samples of each prompt [default: " + "128; with --quick 32].",
        value => value >= 2,
        "at least 2"
    );

    private static readonly Option<int> MaxNewTokens = OptionChecks.Number(
        "--max-new-tokens",
        "The most tokens of an answer.",
        32,
        value => value >= 1,
        "at least 1"
    );

    private static readonly Option<int?> Align = OptionChecks.Number<int>(
        "--align",
        "Steps of alignment by the judge, 0 for none " + "[default: 100; with --quick 15; with --model 0].",
        value => value >= 0,
        "at least 0"
    );

    private static readonly Option<long> Seed = CommonOptions.Seed();

    private static readonly Option<string> Output = CommonOptions.Output(
        "Folder for the judge, checkpoints, metrics, reports and "
            + "reference rewards; a run that was stopped goes on from it [default: output/judge-seed<seed>]."
    );

    private static readonly Option<int> Threads = OptionChecks.Number(
        "--threads",
        "Threads of libtorch, with --model; a small model " + "takes 1.",
        Environment.ProcessorCount,
        value => value is >= 1 and <= 1024,
        "1 to 1024"
    );

    private static readonly Option<bool> Quick = new("--quick")
    {
        Description = "The embedded set in small: within seconds, and a judge that is not yet good.",
    };

    private static readonly Option<bool> Plain = FastRuntime.Plain();

    /// <summary>Parses the arguments and runs the program, or prints help or one line that says what is wrong.</summary>
    /// <returns>The exit code: 0, 2 for wrong arguments, or what the program returned.</returns>
    public static Task<int> InvokeAsync(string[] args, Func<Arguments, CancellationToken, Task<int>> run)
    {
        var program = new RootCommand(Purpose)
        {
            Model,
            Pairs,
            HeldOutPairs,
            HeldOutShare,
            SkipFaulty,
            Flipped,
            Steps,
            PairsPerStep,
            PairsPerPass,
            LearningRate,
            Centring,
            Lora,
            CheckpointEvery,
            N,
            Prompts,
            Samples,
            MaxNewTokens,
            Align,
            Seed,
            Output,
            Threads,
            Quick,
            Plain,
        };
        program.Validators.Add(Check);
        program.SetAction((result, stop) => run(Read(result), stop));
        return CommandHost.InvokeAsync(program, args);
    }

    private static void Check(CommandResult result)
    {
        if (Given(Model) && !Given(Pairs))
            result.AddError("--model needs --pairs, a file of preference pairs");
        foreach (var option in new Option[] { Pairs, HeldOutPairs, HeldOutShare, Threads }.Where(option => !Given(Model) && Given(option)))
            result.AddError($"{option.Name} goes with --model; without it the embedded set is used");
        foreach (var option in new Option[] { Flipped, Quick }.Where(option => Given(Model) && Given(option)))
            result.AddError($"{option.Name} is about the embedded set and does not go with --model");
        if (Given(HeldOutPairs) && Given(HeldOutShare))
            result.AddError("--held-out does not go with --held-out-pairs");

        bool Given(Option option) => result.GetResult(option) is { Implicit: false };
    }

    private static Arguments Read(ParseResult result)
    {
        string? model = result.GetValue(Model);
        bool quick = result.GetValue(Quick),
            lora = result.GetValue(Lora);
        long seed = result.GetValue(Seed);
        return new Arguments
        {
            Model = model,
            Pairs = result.GetValue(Pairs),
            HeldOutPairs = result.GetValue(HeldOutPairs),
            HeldOutShare = result.GetValue(HeldOutShare),
            SkipFaulty = result.GetValue(SkipFaulty),
            Flipped = result.GetValue(Flipped),
            Steps =
                result.GetValue(Steps)
                ?? (
                    model is not null ? 300
                    : quick ? 100
                    : 1200
                ),
            PairsPerStep = result.GetValue(PairsPerStep),
            PairsPerPass = result.GetValue(PairsPerPass),
            LearningRate =
                result.GetValue(LearningRate)
                ?? (
                    model is null ? 3e-3
                    : lora ? 2e-4
                    : 1e-5
                ),
            Centring = result.GetValue(Centring),
            Lora = lora,
            CheckpointEvery = result.GetValue(CheckpointEvery),
            N = result.GetValue(N),
            Prompts = result.GetValue(Prompts) ?? (quick ? 8 : 48),
            SamplesPerPrompt = result.GetValue(Samples) ?? (quick ? 32 : 128),
            MaxNewTokens = result.GetValue(MaxNewTokens),
            Align =
                result.GetValue(Align)
                ?? (
                    model is not null ? 0
                    : quick ? 15
                    : 100
                ),
            Seed = seed,
            Output =
                result.GetValue(Output)
                ?? Path.Combine("output", FormattableString.Invariant($"judge-seed{seed}{(quick ? "-quick" : "")}")),
            Threads = model is null ? 1 : result.GetValue(Threads),
            Quick = quick,
            PlainRuntime = result.GetValue(Plain),
        };
    }

    private static Option<string> File(string name, string description) =>
        new Option<string>(name) { Description = description }.Checked(
            System.IO.File.Exists,
            value => $"{name} is '{value}'; there is " + "no such file"
        );
}
