using System.Globalization;
using AlignHuggingFace.Prompts;
using Spectre.Console;
using VariationalBoN;
using VariationalBoN.Evaluation;
using VariationalBoN.Numerics;

namespace AlignHuggingFace;

/// <summary>The run from end to end: load, estimate, align, evaluate, save, load again. Stateless.</summary>
internal static class Alignment
{
    public const int EvaluationCompletions = 16;
    private const int AnswersShown = 3;
    private const double Tolerance = 1e-5; // merging adapters rounds

    /// <summary>Runs everything.</summary>
    /// <exception cref="InvalidDataException">A directory is not what it should be; the message names file and setting.</exception>
    public static async Task RunAsync(Arguments arguments, TextWriter output, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(arguments.Output);
        if (arguments.Model is null)
            arguments = MakeTiny(arguments, output);

        // 1. What was downloaded: a policy, the reference it starts from, a judge, prompts.
        var device = Device.Parse(arguments.Device);
        using var model = LanguageModel.Load(arguments.Model!, arguments, device);
        using var judge = Judge.Load(arguments, device);
        var prompts = await ReadAsync(model, arguments, output, cancellationToken);
        (Prompt[] train, Prompt[] used, Prompt[] heldOut) = (prompts.Train, prompts.Used, prompts.HeldOut);
        var scorer = new Scorer(model.Reference, judge.Reward);
        output.WriteLine($"{model.Description}; {train.Length} prompts to train on{(used.Length < train.Length ? $", of which {arguments.Steps} steps take {used.Length}" : "")}; {heldOut.Length} held out");
        output.WriteLine($"judge: {judge.Reward.Identity}");

        // 2. What it will take, before it starts.
        var probe = await Probe.MeasureAsync(model, scorer, used, heldOut.Length, arguments, cancellationToken);
        output.WriteLine($"\n{probe}\n");
        if (arguments.EstimateOnly)
            return;

        // 3. Reference rewards, once, on disk as they come: table.BestOf(n) is the Best-of-N distribution.
        using var table = await ReferenceRewards.ObtainAsync(scorer, [.. used, .. heldOut], arguments, output, cancellationToken);
        var bestOfN = table.BestOf(arguments.N);

        // 4. Align.
        var evaluator = new Evaluator(scorer, table);
        var before = await evaluator.EvaluateAsync(model.Reference, heldOut, EvaluationCompletions, arguments.Seed, cancellationToken);
        await FineTuning.RunAsync(model, scorer, bestOfN, train, arguments, output, cancellationToken);
        var after = await evaluator.EvaluateAsync(model.Policy, heldOut, EvaluationCompletions, arguments.Seed, bestOfN, cancellationToken);

        // 5. Held-out numbers and a few answers.
        if (Console.IsOutputRedirected)
            AnsiConsole.Profile.Width = 120;
        AnsiConsole.Write(Results(before, after, arguments.N));
        foreach (var answer in model.Policy.Sample([.. heldOut.Take(AnswersShown)], 1, new DrawSeed(arguments.Seed, DrawPurpose.Serving), cancellationToken))
            output.WriteLine($"  {Visible(answer.Prompt + answer.Text)}");

        // 6. A directory that Python reads, and the proof that it holds this model.
        string saved = Path.Combine(arguments.Output, "model");
        model.Save(saved);
        double difference = model.DifferenceTo(saved, heldOut[0].Text, device);
        if (!(difference <= Tolerance))
            throw new InvalidDataException(FormattableString.Invariant($"{saved} does not hold the model that was saved: loaded again, its logits differ by {difference} of the largest."));
        output.WriteLine(FormattableString.Invariant($"\nWritten to {saved}{(arguments.Lora ? $" and {LanguageModel.AdapterDirectory(saved)}" : "")}; loaded again, its logits differ by {difference:0.0e+0} of the largest."));
    }

    /// <summary>The prompts, all held against the context of the model.</summary>
    private static async Task<PromptSplit> ReadAsync(LanguageModel model, Arguments arguments, TextWriter output, CancellationToken cancellationToken)
    {
        var read = await PromptFile.ReadAsync(arguments.Prompts!, arguments.PromptColumn, cancellationToken);
        var fitting = PromptLengths.Fit(arguments.Prompts!, read, model.TokensOf, model.MostPromptTokens, arguments.LongPrompts);
        foreach (string note in fitting.Notes)
            output.WriteLine(note);
        return PromptSplit.Of(arguments.Prompts!, fitting, arguments.HeldOut, arguments.Steps, arguments.PromptsPerStep, arguments.Seed);
    }

    private static Arguments MakeTiny(Arguments arguments, TextWriter output)
    {
        string directory = Path.Combine(arguments.Output, "tiny");
        TinyModels.Write(directory);
        output.WriteLine($"No --model was given: tiny random models were written to {directory}.");
        return arguments with { Model = Path.Combine(directory, TinyModels.Policy), Reward = Path.Combine(directory, TinyModels.Reward), Label = arguments.Label ?? TinyModels.Label, Prompts = Path.Combine(directory, TinyModels.Prompts) };
    }

    private static Table Results(EvaluationReport before, EvaluationReport after, double n)
    {
        var table = new Table().AddColumns("held-out", "reference", "aligned", string.Create(CultureInfo.InvariantCulture, $"Best-of-{n} (continuous rewards)"));
        table.AddRow("reward", $"{before.Reward}", $"{after.Reward}", "");
        table.AddRow("win rate", $"{before.WinRate}", $"{after.WinRate}", string.Create(CultureInfo.InvariantCulture, $"{n / (n + 1):0.000}"));
        table.AddRow("KL to the reference, nats", $"{before.Kl}", $"{after.Kl}", string.Create(CultureInfo.InvariantCulture, $"{BestOfNMath.KlUpperBound(n):0.000}"));
        table.AddRow("length, tokens", $"{before.Length}", $"{after.Length}", "");
        table.AddRow("different texts", $"{before.DistinctShare}", $"{after.DistinctShare}", "");
        return table;
    }

    private static string Visible(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
}
