using System.Globalization;
using AlignHuggingFace.Prompts;
using VariationalBoN;
using VariationalBoN.Evaluation;
using VariationalBoN.Guidance;

namespace AlignHuggingFace;

/// <summary><c>--guided</c>: values learned from the store steer the reference itself,
/// token by token, without fine-tuning. Stateless.</summary>
internal static class GuidedDecoding
{
    /// <summary>The head's name in the output folder, beside the aligned model.</summary>
    public const string FileName = "value-head.safetensors";

    private const int MostAnswersPerStep = 64,
        FewestAnswersPerStep = 8,
        WantedSteps = 4600,
        Epochs = 12,
        QuickEpochs = 2,
        PromptsOfShare = 64;
    private const double WantedShare = 0.95; // see docs/guidance.md

    /// <summary>Refuses what no head could tell, before anything is trained.</summary>
    /// <exception cref="InvalidDataException">A prompt has fewer scored samples than N;
    /// the message names the prompt and the options.</exception>
    public static void Check(ReferenceTable table, PromptSplit prompts, Arguments arguments)
    {
        Prompt fewest = prompts.Used.MinBy(prompt => table[prompt].Cdf.Count)!;
        int samples = table[fewest].Cdf.Count;
        if (samples < Math.Max(2, arguments.N))
        {
            throw new InvalidDataException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"--guided with --n {arguments.N}: the prompt \"{fewest}\" has only {samples} scored samples of the "
                        + $"{arguments.SamplesPerPrompt} that --samples asks for, and so few cannot tell the best of them. Give more "
                        + $"--samples or a smaller --n, or see why the judge leaves answers without a score."
                )
            );
        }
    }

    /// <summary>The head of an earlier run that learned as this one would,
    /// or one learned from the samples of the training prompts; as it is read back.</summary>
    /// <exception cref="InvalidDataException">The file is no head of this reference and judge, or does not hold what was saved.</exception>
    public static ValueHead Obtain(
        LanguageModel model,
        Scorer scorer,
        ReferenceTable table,
        PromptSplit prompts,
        Arguments arguments,
        TextWriter output,
        CancellationToken cancellationToken
    )
    {
        string path = Path.Combine(arguments.Output, FileName);
        var options = Options(prompts.Used.Length * arguments.SamplesPerPrompt, arguments);
        if (File.Exists(path))
        {
            var found = ValueHead.Load(path, scorer);
            if (found.Samples == prompts.Used.Min(prompt => table[prompt].Cdf.Count) && found.Options == options)
            {
                output.WriteLine($"value head: {path}, of an earlier run");
                return found;
            }

            output.WriteLine($"value head: {path} is of other samples or settings and is learned anew");
            found.Dispose();
        }

        output.WriteLine(
            $"value head: {options.Epochs} passes over {prompts.Used.Length * arguments.SamplesPerPrompt} samples, "
                + $"{options.AnswersPerStep} a step"
        );
        using var head = ValueHead.Train(model.Reference, table, prompts.Used, options, cancellationToken: cancellationToken);
        head.Save(path);
        var read = ValueHead.Load(path, scorer);
        if (read.Identity == head.Identity)
            return read;
        read.Dispose();
        throw new InvalidDataException($"{path} does not hold the value head that was saved: {read.Identity} instead of {head.Identity}.");
    }

    /// <summary>How much of the reference's probability the tokens with values of their own hold, on samples of some prompts.</summary>
    public static double ShareOf(GuidedPolicy policy, ReferenceTable table, IEnumerable<Prompt> prompts) =>
        policy.TopShare([.. prompts.Take(PromptsOfShare).Select(prompt => table[prompt].Samples[0].Completion)]);

    /// <summary>How near it came, and how much of the vocabulary has values of its own, in two lines.</summary>
    /// <param name="report">Its held-out numbers.</param>
    /// <param name="weight">Where it was guided to.</param>
    /// <param name="topTokens">How many tokens have values of their own.</param>
    /// <param name="share">What they hold (<see cref="ShareOf"/>).</param>
    public static string Say(EvaluationReport report, RankWeight weight, int topTokens, double share)
    {
        string advice = share < WantedShare ? "; more of them (--top-tokens) may come nearer to Best-of-n" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"Guided to {weight} without fine-tuning: win rate {report.WinRate} at a KL of {report.Kl} nats, {report.CurveDistance} under "
                + $"the curve of Best-of-n; at most {report.Ranks.Outside} nats of this KL change no rank.{Environment.NewLine}"
                + $"The {topTokens} most probable tokens, which have values of their own, hold {share:0.000} of the reference's "
                + $"probability{advice}."
        );
    }

    /// <summary>The head needs some thousands of steps, however few samples there are.</summary>
    private static ValueHeadOptions Options(int samples, Arguments arguments) =>
        new()
        {
            Seed = arguments.Seed,
            Epochs = arguments.Quick ? QuickEpochs : Epochs,
            AnswersPerStep = Math.Clamp(samples * Epochs / WantedSteps, FewestAnswersPerStep, MostAnswersPerStep),
        };
}
