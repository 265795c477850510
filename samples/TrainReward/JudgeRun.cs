using System.Diagnostics;
using SampleHosting;
using VariationalBoN;
using VariationalBoN.Evaluation;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Pretrained;

namespace TrainReward;

/// <summary>The run from end to end: pairs, judge, what it is worth,
/// what Best-of-N by it promises, an alignment by it. Stateless.</summary>
internal static class JudgeRun
{
    /// <summary>Runs everything.</summary>
    /// <exception cref="InvalidDataException">A directory or a file is not what it should be; the message names file and place.</exception>
    /// <exception cref="InvalidOperationException">The output folder is of a run with other settings; the message names them.</exception>
    public static async Task RunAsync(Arguments arguments, TextWriter output, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        Directory.CreateDirectory(arguments.Output);
        bool embedded = arguments.Model is null;
        if (embedded)
            arguments = EmbeddedSet.Make(arguments, output, cancellationToken);
        Func<Prompt, string, double>? truth = embedded ? ReviewPairs.Truth : null;

        // 1. The pairs, looked through before training.
        var pairs = PairData.Read(arguments, output);
        ShortAlignment.RequirePrompts(pairs, arguments);

        // 2. The judge: the language model with a new head, trained and saved as Python reads it.
        string saved = Path.Combine(arguments.Output, "judge");
        using var model = PretrainedCausalLm.Load(arguments.Model!, new PretrainedOptions { Logger = ConsoleLog.Warnings });
        using (var judge = PretrainedClassifier.FromCausalLm(model, arguments.Seed))
        {
            pairs.SayReadAlike(judge, arguments, output);
            using var training = new JudgeTraining(judge, pairs.Train, arguments);
            training.Run(output, cancellationToken);
            judge.Save(saved);
        }

        // 3. What was saved, on pairs that it has not seen.
        using var trained = PretrainedClassifier.Load(saved);
        var reward = trained.TextReward();
        var labels = await JudgeReport.EvaluateAsync(reward, pairs.HeldOut, cancellationToken: cancellationToken);
        output.WriteLine($"\nThe judge on held-out pairs, against their labels:\n{labels}\n");
        JudgeReport? right = truth is null
            ? null
            : await JudgeReport.EvaluateAsync(reward, ReviewPairs.WithTrueLabels(pairs.HeldOut), cancellationToken: cancellationToken);

        // 4. What Best-of-N by this judge promises: what InspectRewards prints.
        var alignment = new ShortAlignment(model, reward, pairs, arguments);
        using var table = await alignment.EstimateAsync(cancellationToken);
        string references = Path.Combine(arguments.Output, "references.jsonl");
        table.Save(references);
        output.WriteLine($"Best-of-N by this judge:\n{ReferenceReport.FromTable(table, new ReferenceReportOptions { N = arguments.N })}\n");

        // 5. An alignment by it, and what all this is worth in truth.
        var answers = AnswerWorth.OfTable(table, alignment.HeldOut, arguments.N, truth);
        if (arguments.Align > 0)
            answers =
            [
                .. answers,
                AnswerWorth.Of("aligned by the judge, one draw", await alignment.RunAsync(table, output, cancellationToken), truth),
            ];
        Results.Write(arguments, labels, right, answers, output);
        output.WriteLine(
            $"Written to {arguments.Output}: judge (a classifier in Hugging Face's layout), references.jsonl, "
                + "metrics.jsonl, checkpoints."
        );
        output.WriteLine(
            $"Next: InspectRewards {references} --n {arguments.N}; AlignHuggingFace --model {arguments.Model} --reward "
                + $"{saved} --prompts <file>."
        );
        output.WriteLine(FormattableString.Invariant($"{clock.Elapsed.TotalSeconds:0} s"));
    }
}
