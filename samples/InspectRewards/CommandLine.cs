using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace InspectRewards;

/// <summary>What the user asked for.</summary>
/// <param name="Rewards">The file of reference rewards.</param>
/// <param name="N">The draws that one sample is to be worth.</param>
/// <param name="TieTolerance">The difference up to which two rewards of a prompt are one.</param>
/// <param name="Output">The folder for the report and its plots.</param>
internal sealed record Arguments(string Rewards, double N, double TieTolerance, string Output);

/// <summary>The arguments of the program. Stateless.</summary>
internal static class CommandLine
{
    public const int UsageError = 2;
    public static readonly string Example = Path.Combine(AppContext.BaseDirectory, "example.jsonl");
    private static readonly Argument<string> Rewards = new("REWARDS")
    {
        Description = "Reference rewards: a store of this library, or a file in JSON Lines: saved by this library (SentimentControl writes references.jsonl), a line for each prompt (prompt, rewards, responses), or a line for each sample (prompt, text, reward) [default: a small example].",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<string> N = new("--n") { Description = "N, the draws that one sample is to be worth; 1 or more.", DefaultValueFactory = _ => "8" };
    private static readonly Option<string> TieTolerance = new("--tie-tolerance") { Description = "Rewards of a prompt that are no further apart than this are one: for a reward model whose score of one text moves with its batch.", DefaultValueFactory = _ => "0" };
    private static readonly Option<string> Output = new("--output") { Description = "Folder for report.md and two plots [default: output/<name of the file>-rewards]." };

    /// <summary>Parses the arguments and runs the program, or prints help or one line that says what is wrong.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="run">The program; returns its exit code.</param>
    /// <returns>The exit code: 0, 2 for wrong arguments, or what the program returned.</returns>
    public static int Invoke(string[] args, Func<Arguments, int> run)
    {
        var command = new RootCommand("Says what Best-of-N would give with these reference rewards, for which N and at what distance from the reference, and whether the rewards can be trusted.") { Rewards, N, TieTolerance, Output };
        Rewards.Validators.Add((ArgumentResult result) => Check(result, result.Tokens, File.Exists, value => $"REWARDS is '{value}'; there is no such file"));
        Output.Validators.Add((OptionResult result) => Check(result, result.Tokens, value => !string.IsNullOrWhiteSpace(value) && !File.Exists(value), value => $"--output is '{value}'; it must be a folder, which may be new"));
        N.Validators.Add((OptionResult result) => Check(result, result.Tokens, value => ParseN(value) is not null, value => $"--n is '{value}'; it must be a number of at least 1, such as 8"));
        TieTolerance.Validators.Add((OptionResult result) => Check(result, result.Tokens, value => ParseTolerance(value) is not null, value => $"--tie-tolerance is '{value}'; it must be a number of at least 0, such as 0.001"));
        command.SetAction(result => run(Read(result)));
        var parsed = command.Parse(args);
        if (parsed.Errors.Count == 0)
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        Console.Error.WriteLine($"{parsed.Errors[0].Message.ReplaceLineEndings(" ").TrimEnd('.')}. Try --help.");
        return UsageError;
    }

    private static Arguments Read(ParseResult result)
    {
        string rewards = Path.TrimEndingDirectorySeparator(result.GetValue(Rewards) ?? Example);
        return new Arguments(rewards, ParseN(result.GetRequiredValue(N))!.Value, ParseTolerance(result.GetRequiredValue(TieTolerance))!.Value, result.GetValue(Output) ?? Path.Combine("output", $"{Path.GetFileNameWithoutExtension(rewards)}-rewards"));
    }

    private static double? ParseN(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double n) && n >= 1 && n < double.PositiveInfinity ? n : null;

    private static double? ParseTolerance(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out double tolerance) && tolerance >= 0 && tolerance < double.PositiveInfinity ? tolerance : null;

    private static void Check(SymbolResult result, IReadOnlyList<Token> tokens, Func<string, bool> holds, Func<string, string> message)
    {
        if (tokens.Count > 0 && !holds(tokens[0].Value))
            result.AddError(message(tokens[0].Value));
    }
}
