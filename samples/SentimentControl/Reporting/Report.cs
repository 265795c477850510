using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using SentimentControl.Datasets;
using Spectre.Console;

namespace SentimentControl.Reporting;

/// <summary>Writes results.json, report.md and the two plots. Stateless.</summary>
internal static class Report
{
    private const double CeilingUpTo = 4;
    public const string ReferencesFile = "references.jsonl";
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    public static void Write(
        string directory,
        Arguments arguments,
        RunSettings settings,
        ReferenceModel reference,
        TrainedReward reward,
        IReadOnlyList<MethodResult> results,
        IReadOnlyList<(double Kl, double Reward)> ceiling,
        IReadOnlyList<SideBySide> answers
    )
    {
        var document = new
        {
            arguments.Dataset,
            arguments.Seed,
            arguments.N,
            arguments.Quick,
            arguments.Threads,
            arguments.Device,
            settings,
            Reference = new { reference.Quality, reference.HeldOutLoss },
            Reward = new { reward.Description, reward.HeldOutAccuracy },
            results,
            answers,
        };
        File.WriteAllText(Path.Combine(directory, "results.json"), JsonSerializer.Serialize(document, Json) + "\n");
        string title = string.Create(
            CultureInfo.InvariantCulture,
            $"{arguments.Dataset}, seed {arguments.Seed}: {settings.HeldOutPrompts} held-out prompts, error bars of one standard error"
        );
        File.WriteAllBytes(Path.Combine(directory, "reward-kl.png"), ResultPlots.RewardAgainstKl(results, ceiling, title));
        File.WriteAllBytes(Path.Combine(directory, "winrate-kl.png"), ResultPlots.WinRateAgainstKl(results, title));
        File.WriteAllText(
            Path.Combine(directory, "report.md"),
            $"""
            # {arguments.Dataset}, seed {arguments.Seed}

            Language model: {reference.Quality}. Reward: {reward.Description}, held-out accuracy {reward.HeldOutAccuracy.ToString(
                "0.000",
                CultureInfo.InvariantCulture
            )}.
            Held-out prompts; each number ± one standard error over prompts. {settings.About}

            {ResultTable.Markdown(results)}
            {Reading(results)}

            ![reward against KL](reward-kl.png)

            ![win rate against KL](winrate-kl.png)

            ## Answers, the first of each method

            {SideBySide.Markdown(answers)}
            """
        );
    }

    /// <summary>Shows table, answers and reading, and says what was written.</summary>
    public static void Show(
        TextWriter output,
        Arguments arguments,
        IReadOnlyList<MethodResult> results,
        IReadOnlyList<SideBySide> answers,
        string prompt
    )
    {
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = 160;
        AnsiConsole.Write(ResultTable.ForConsole(results));
        output.WriteLine(SideBySide.ForConsole(answers));
        output.WriteLine(Reading(results));
        output.WriteLine(
            $"Written to {arguments.Output}: report.md, results.json, {ReferencesFile} (for samples/InspectRewards), "
                + $"two plots, weights. Try them: --sample \"{prompt}\""
        );
    }

    /// <summary>What the numbers of this run say, in sentences.</summary>
    public static string Reading(IReadOnlyList<MethodResult> results)
    {
        var reference = results.First(result => result.Method == Method.Reference);
        var lines = new List<string>();
        foreach (var tuned in results.Where(result => result.Method is Method.VariationalBestOfN or Method.ValuedBestOfN))
        {
            var literal = results.First(result => result.Method == Method.BestOfN && result.N == tuned.N);
            double gain = (tuned.Reward.Value - reference.Reward.Value) / (literal.Reward.Value - reference.Reward.Value);
            string line = string.Create(
                CultureInfo.InvariantCulture,
                $"{tuned.Name} N = {tuned.N:0}: {gain:0%} of Best-of-N's reward gain at {tuned.Kl.Value / literal.Kl.Value:0.00} times "
                    + $"its KL, {literal.TokensGenerated.Value / tuned.TokensGenerated.Value:0.0} times fewer tokens per answer"
            );
            if (tuned.ObjectiveGap is { } gap)
                line += FormattableString.Invariant($", {gap.Value:0.00} nats from the Best-of-N distribution");
            if (tuned.Distance is { } distance)
                line += FormattableString.Invariant(
                    $", {distance.Value:0.000} ± {distance.StandardError:0.000} under the curve of Best-of-N in win rate"
                );
            if (tuned is { N: <= CeilingUpTo, CeilingDistance: { } ceiling })
                line += FormattableString.Invariant($", {ceiling.Value:0.000} under the ceiling");
            if (tuned.OutsideRanks is { } outside)
                line += FormattableString.Invariant($"; at most {outside.Value:0.00} nats of its KL change no rank of the reward");
            if (SameKl.Difference(results, tuned) is var (reward, winRate))
                line += FormattableString.Invariant(
                    $"; at equal KL, against KL-constrained RL: reward {reward:+0.00;-0.00;0.00}, win rate {winRate:+0.000;-0.000;0.000}"
                );
            lines.Add(line + ".");
        }

        lines.AddRange(
            results
                .Where(result => result is { Method: Method.Guided, Distance: not null, ObjectiveGap: not null })
                .Select(guided =>
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"Guided by one value head, without fine-tuning, N = {guided.N:0}: {guided.Distance!.Value.Value:0.000} ± "
                            + $"{guided.Distance.Value.StandardError:0.000} under the curve, {guided.ObjectiveGap!.Value.Value:0.00} nats "
                            + $"from the Best-of-N distribution."
                    )
                )
        );
        lines.Add(
            "On reward against KL, KL-constrained RL with a tuned beta is optimal by construction: no method can be above its exact curve."
        );
        return string.Join("\n", lines.Select(line => $"- {line}"));
    }
}

/// <summary>Compares at equal KL. Stateless.</summary>
internal static class SameKl
{
    /// <summary>Reward and win rate of a result minus those of KL-constrained RL,
    /// interpolated linearly between its points at the same KL.</summary>
    /// <returns>The differences, or null where the KL lies outside the points of KL-constrained RL.</returns>
    public static (double Reward, double WinRate)? Difference(IReadOnlyList<MethodResult> results, MethodResult result)
    {
        MethodResult[] curve = [.. results.Where(r => r.Method is Method.KlConstrainedRl or Method.Reference).OrderBy(r => r.Kl.Value)];
        for (int i = 0; i + 1 < curve.Length; i++)
        {
            (double left, double right) = (curve[i].Kl.Value, curve[i + 1].Kl.Value);
            if (left <= result.Kl.Value && result.Kl.Value < right)
            {
                double share = (result.Kl.Value - left) / (right - left);
                double At(Func<MethodResult, double> value) => value(curve[i]) + (share * (value(curve[i + 1]) - value(curve[i])));
                return (result.Reward.Value - At(r => r.Reward.Value), result.WinRate.Value - At(r => r.WinRate.Value));
            }
        }

        return null;
    }
}
