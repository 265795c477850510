using System.CommandLine;
using System.CommandLine.Parsing;
using SampleHosting;

namespace InspectRewards;

/// <summary>What the user asked for.</summary>
/// <param name="Rewards">The file of reference rewards.</param>
/// <param name="N">The draws that one sample is to be worth.</param>
/// <param name="TieTolerance">The difference up to which two rewards of a prompt are one.</param>
/// <param name="Second">The second reward: the name of a component, or a file of rewards of the same samples; null for none.</param>
/// <param name="Ensemble">Names of components that are an ensemble of judges.</param>
/// <param name="Output">The folder for the report and its plots.</param>
internal sealed record Arguments(string Rewards, double N, double TieTolerance, string? Second, string[] Ensemble, string Output);

/// <summary>The arguments of the program. Stateless.</summary>
internal static class CommandLine
{
    public static readonly string Example = Path.Combine(AppContext.BaseDirectory, "example.jsonl");

    private const string Purpose =
        "Says what Best-of-N would give with these reference rewards, for which N and at what distance from "
        + "the reference, and whether the rewards can be trusted.";

    private static readonly Argument<string> Rewards = new Argument<string>("REWARDS")
    {
        Description =
            "Reference rewards: a store of this library, or a file in JSON Lines: saved by this library (SentimentControl writes "
            + "references.jsonl), a line for each prompt (prompt, rewards, responses), or a line for each sample (prompt, text, reward) "
            + "[default: a small example].",
        Arity = ArgumentArity.ZeroOrOne,
    }.Checked(File.Exists, value => $"REWARDS is '{value}'; there is no such file");

    private static readonly Option<double> N = OptionChecks.Number(
        "--n",
        "N, the draws that one sample is to be worth.",
        8.0,
        value => value >= 1,
        "at least 1"
    );

    private static readonly Option<double> TieTolerance = OptionChecks.Number(
        "--tie-tolerance",
        "Rewards of a prompt that differ by at most this count as equal: for a reward model whose score of a text depends on its batch.",
        0.0,
        value => value >= 0,
        "at least 0"
    );

    private static readonly Option<string> Second = new("--second")
    {
        Description =
            "The reward of a second judge, or people's scores of a part of the samples: the name of a component of REWARDS, or a file of "
            + "rewards of the same samples. "
            + "Shows up to which N the first reward also raises the second.",
    };

    private static readonly Option<string[]> Ensemble = new("--ensemble")
    {
        Description =
            "A component of REWARDS that is a judge of an ensemble; two or more, such as --ensemble a --ensemble b. Shows how much "
            + "they disagree about the answers that the first reward ranks highest.",
    };

    private static readonly Option<string> Output = CommonOptions.Output(
        "Folder for report.md and its plots [default: output/<name of the file>-rewards]."
    );

    /// <summary>Parses the arguments and runs the program, or prints help or one line that says what is wrong.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="run">The program; returns its exit code.</param>
    /// <returns>The exit code: 0, 2 for wrong arguments, or what the program returned.</returns>
    public static Task<int> InvokeAsync(string[] args, Func<Arguments, CancellationToken, Task<int>> run)
    {
        var program = new RootCommand(Purpose) { Rewards, N, TieTolerance, Second, Ensemble, Output };
        program.Validators.Add(Relations);
        program.SetAction((result, stop) => run(Read(result), stop));
        return CommandHost.InvokeAsync(program, args);
    }

    private static void Relations(CommandResult result)
    {
        string[] ensemble = result.GetValue(Ensemble) ?? [];
        if (ensemble.Length > 0 && result.GetValue(Second) is null)
            result.AddError("--ensemble needs --second");
        if (ensemble.Length == 1)
            result.AddError($"--ensemble is '{ensemble[0]}' alone; name two or more components");
    }

    private static Arguments Read(ParseResult result)
    {
        string rewards = result.GetValue(Rewards) ?? Example;
        return new Arguments(
            rewards,
            result.GetValue(N),
            result.GetValue(TieTolerance),
            result.GetValue(Second),
            result.GetValue(Ensemble) ?? [],
            result.GetValue(Output) ?? Path.Combine("output", $"{Path.GetFileNameWithoutExtension(rewards)}-rewards")
        );
    }
}
