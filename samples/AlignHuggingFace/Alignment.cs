using AlignHuggingFace.Prompts;
using SampleHosting;
using Spectre.Console;
using VariationalBoN;
using VariationalBoN.Evaluation;
using VariationalBoN.Guidance;
using VariationalBoN.References;

namespace AlignHuggingFace;

/// <summary>The run from end to end: load, estimate, align, evaluate, save, load again. Stateless.</summary>
internal static class Alignment
{
    private const int AnswersShown = 3;
    private const double Tolerance = 1e-5; // merging adapters rounds

    /// <summary>Runs everything.</summary>
    /// <exception cref="InvalidDataException">A directory or a file is not what it should be; the message names file and place.</exception>
    /// <exception cref="InvalidOperationException">The output folder is of a run with other settings; the message names them.</exception>
    public static async Task RunAsync(Arguments arguments, TextWriter output, CancellationToken cancellationToken)
    {
        if (arguments.Model is null)
            arguments = MakeTiny(arguments, output);
        var parts = new RunParts(Path.Combine(arguments.Output, RunParts.FileName));

        // 1. What was downloaded: a policy, the reference it starts from, judges, prompts.
        var (device, referenceDevice) = (CommonOptions.DeviceOf(arguments.Device), CommonOptions.DeviceOf(arguments.ReferenceDevice));
        using var model = LanguageModel.Load(arguments.Model!, arguments, device, referenceDevice);
        using var judge = Judge.Load(arguments.Reward!, arguments.Label, referenceDevice);
        using var second = arguments.SecondReward is null
            ? null
            : Judge.Load(arguments.SecondReward, arguments.SecondLabel, referenceDevice);
        var prompts = await ReadAsync(model, arguments, output, cancellationToken);
        var scorer = new Scorer(model.Reference, judge.Reward);
        output.WriteLine(model.Description);
        output.WriteLine($"judge: {judge.Reward.Identity}");
        output.WriteLine(prompts.Description(arguments.Steps));
        parts.End("loading");

        Prompt[] measured = [.. prompts.Used, .. prompts.HeldOut];
        if (arguments.Shard is string part)
        {
            var shard = part == Arguments.Job ? Shard.FromEnvironment() : Shard.Parse(part);
            await ReferenceRewards.DrawAsync(shard, scorer, measured, arguments, output, cancellationToken);
            return;
        }

        if (arguments.Merge)
            ReferenceRewards.Merge(scorer, measured, arguments, output);

        // 2. What was done before, which must be of the same settings; and what the rest will take, before it starts.
        using var training = new FineTuning(model, scorer, prompts, arguments, second?.Reward);
        var work = new Work(
            ReferenceRewards.Missing(scorer, measured, arguments),
            arguments.Steps - training.StepsDone,
            prompts.HeldOut.Length * (arguments.HeldOutCompletions + Looks(arguments)),
            second is null ? 1 : 2
        );
        if (training.StepsDone > 0)
            output.WriteLine($"training goes on after step {training.StepsDone} of {arguments.Steps}");
        var costs = await Probe.MeasureAsync(model, scorer, measured, arguments, cancellationToken);
        output.WriteLine($"\n{new RunEstimate(costs, work)}\n");
        parts.End(
            "estimate",
            ("drawn_tokens_per_second", costs.TokensPerSecond),
            ("scored_tokens_per_second", costs.ScoredTokensPerSecond),
            ("seconds_per_step", costs.Step)
        );
        if (arguments.EstimateOnly)
            return;

        // 3. Reference rewards, once, on disk as they come: table.BestOf(n) is the Best-of-N distribution.
        using var table = await ReferenceRewards.ObtainAsync(scorer, measured, arguments, output, cancellationToken);
        ReferenceRewards.Report(table, arguments.N, output);
        parts.End("reference rewards");
        if (arguments.ReferencesOnly)
            return;
        if (arguments.Guided)
            GuidedDecoding.Check(table, prompts, arguments);
        var bestOfN = table.BestOf(arguments.N);

        // 4. Align, and keep the result: a directory that Python reads, and the proof that it holds this model.
        var evaluator = new Evaluator(scorer, table);
        var before = await evaluator.EvaluateAsync(
            model.Reference,
            prompts.HeldOut,
            arguments.HeldOutCompletions,
            arguments.Seed,
            cancellationToken
        );
        parts.End("held-out numbers of the reference");
        await training.RunAsync(bestOfN, output, cancellationToken);
        parts.End("training");
        Save(model, prompts.HeldOut[0], arguments, output); // before all that may fail or be stopped
        parts.End("saving and reading again");
        var after = await evaluator.EvaluateAsync(
            model.Policy,
            prompts.HeldOut,
            arguments.HeldOutCompletions,
            arguments.Seed,
            bestOfN,
            cancellationToken
        );

        EvaluationReport? guided = null;
        double share = 1;
        if (arguments.Guided)
        {
            using var head = GuidedDecoding.Obtain(model, scorer, table, prompts, arguments, output, cancellationToken);
            var policy = new GuidedPolicy(model.Reference, head, RankWeight.BestOf(arguments.N), arguments.Guidance);
            guided = await evaluator.EvaluateAsync(
                policy,
                prompts.HeldOut,
                arguments.HeldOutCompletions,
                arguments.Seed,
                bestOfN,
                cancellationToken
            );
            share = GuidedDecoding.ShareOf(policy, table, prompts.Used);
        }

        // 5. Held-out numbers, what they mean, and a few answers.
        var verdict = Verdict.Of(before.WinRate, after.WinRate, after.Kl, arguments.N);
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        if (Console.IsOutputRedirected)
            console.Profile.Width = 120;
        console.Write(HeldOutTable.Of(before, after, verdict, guided, arguments.N));
        output.WriteLine(verdict.Text);
        if (guided is not null)
            output.WriteLine(
                GuidedDecoding.Say(
                    guided,
                    RankWeight.BestOf(arguments.N),
                    Math.Min(arguments.Guidance.TopTokens, model.Reference.VocabularySize),
                    share
                )
            );
        if (second is not null)
            output.WriteLine(await SecondOpinion.OfAsync(model, second, prompts.HeldOut, arguments, cancellationToken));
        if (training.Watched is string watched)
            output.WriteLine(watched);
        parts.End("held-out numbers of the policy");
        Show(model, prompts.HeldOut, arguments.Seed, output, cancellationToken);
        parts.End("answers shown");
        if (arguments.Gguf is { } type)
        {
            string file = Path.Combine(arguments.Output, "model.gguf");
            model.SaveGguf(file, type);
            output.WriteLine($"Written to {file}, for llama.cpp.");
            parts.End("GGUF file");
        }
        output.WriteLine("It took:");
        console.Write(parts.Table());
    }

    /// <summary>The prompts, all held against the context of the model.</summary>
    private static async Task<PromptSplit> ReadAsync(
        LanguageModel model,
        Arguments arguments,
        TextWriter output,
        CancellationToken cancellationToken
    )
    {
        string path = arguments.Prompts!;
        var read = await PromptFile.ReadAsync(path, arguments.PromptColumn, cancellationToken);
        if (
            model.HasChatTemplate
            && read.Entries.FirstOrDefault(entry => !entry.Prompt.IsConversation) is { Prompt: not null, Place: var first }
        )
            output.WriteLine(
                $"{path}: the model has a chat template, and the prompt at {first} is a plain text: such prompts are read without it. For "
                    + $"the template, give conversations."
            );
        var fitting = PromptLengths.Fit(path, read, model.TokensOf, model.MostPromptTokens, arguments.LongPrompts);
        foreach (string note in fitting.Notes)
            output.WriteLine(note);
        return PromptSplit.Of(path, fitting, arguments.HeldOut, arguments.Steps, arguments.PromptsPerStep, arguments.Seed);
    }

    /// <summary>Completions that the looks of a watch at each held-out prompt come to,
    /// of which reference and policy would each draw half.</summary>
    private static long Looks(Arguments arguments) =>
        arguments.Watch is int every ? new JudgeWatchOptions().CompletionsPerPrompt * (((arguments.Steps - 1) / every) + 2) / 2 : 0;

    private static Arguments MakeTiny(Arguments arguments, TextWriter output)
    {
        string directory = Path.Combine(arguments.Output, "tiny");
        TinyModels.Write(directory);
        output.WriteLine($"No --model was given: tiny ones are in {directory}.");
        return arguments with
        {
            Model = Path.Combine(directory, TinyModels.Policy),
            Reward = Path.Combine(directory, TinyModels.Reward),
            Label = TinyModels.Label,
            Prompts = Path.Combine(directory, TinyModels.Prompts),
        };
    }

    private static void Show(LanguageModel model, Prompt[] heldOut, long seed, TextWriter output, CancellationToken cancellationToken)
    {
        var serving = new DrawSeed(seed, DrawPurpose.Serving);
        foreach (var answer in model.Policy.Sample([.. heldOut.Take(AnswersShown)], 1, serving, cancellationToken))
            output.WriteLine($"  {string.Concat($"{answer.Prompt}{answer.Text}".Select(c => char.IsControl(c) ? ' ' : c))}");
    }

    private static void Save(LanguageModel model, Prompt prompt, Arguments arguments, TextWriter output)
    {
        string saved = Path.Combine(arguments.Output, "model");
        model.Save(saved);
        double difference = model.DifferenceTo(saved, prompt);
        if (!(difference <= Tolerance))
        {
            throw new InvalidDataException(
                FormattableString.Invariant(
                    $"{saved} does not hold the model that was saved: loaded again, its logits differ by {difference} of the largest."
                )
            );
        }

        string adapters = arguments.Lora ? $" and {LanguageModel.AdapterDirectory(saved)}" : "";
        output.WriteLine(
            FormattableString.Invariant(
                $"Written to {saved}{adapters}; loaded again, its logits differ by {difference:0.0e+0} of the largest."
            )
        );
    }
}
