using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AlignHuggingFace.Prompts;
using TorchSharp;
using VariationalBoN;
using VariationalBoN.Evaluation;
using VariationalBoN.Training;
using Parameter = TorchSharp.Modules.Parameter;

namespace AlignHuggingFace;

/// <summary>Pulls the policy to the Best-of-N of its start, step by step, from the last checkpoint on.</summary>
internal sealed class FineTuning : IDisposable
{
    private readonly LanguageModel _model;
    private readonly Scorer _scorer;
    private readonly Arguments _arguments;
    private readonly Parameter[] _trained;
    private readonly AdamW _adam;
    private readonly MetricsLog _metrics;
    private readonly TrainingGuard _guard;
    private readonly JudgeWatch? _watch;
    private readonly Checkpoints _checkpoints;
    private readonly PromptOrder _order;
    private readonly int _promptsPerStep;

    /// <summary>Opens the checkpoints of the output folder and goes to the last; a run with other settings is refused.</summary>
    /// <exception cref="InvalidOperationException">The checkpoints are of other settings;
    /// the message names the options that differ.</exception>
    public FineTuning(LanguageModel model, Scorer scorer, PromptSplit prompts, Arguments arguments, IRewardModel? second = null)
    {
        (_model, _scorer, _arguments) = (model, scorer, arguments);
        _trained = [.. model.Trained];
        _adam = Optimizer(_trained, arguments);
        _guard = new TrainingGuard(arguments.N, arguments.SamplesPerPrompt);
        _order = new PromptOrder(prompts.Train, arguments.Seed);
        if (second is not null && arguments.Watch is not null)
            _watch = new JudgeWatch(scorer, second, prompts.HeldOut, new JudgeWatchOptions { Seed = arguments.Seed });
        _promptsPerStep = Math.Min(prompts.Train.Length, arguments.PromptsPerStep);
        _metrics = new MetricsLog(Path.Combine(arguments.Output, "metrics.jsonl"));
        _checkpoints = new Checkpoints(
            Path.Combine(arguments.Output, "checkpoints"),
            Settings(scorer, prompts.Train, model, arguments, _watch is null ? null : second)
        );
        _checkpoints.Add("optimizer", _adam).Add("metrics", _metrics).Add("guard", _guard);
        if (_watch is not null)
            _checkpoints.Add("watch", _watch.Save, _watch.Load);
        model.AddTo(_checkpoints);
        try
        {
            StepsDone = _checkpoints.Restore();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Steps that the weights are of.</summary>
    public long StepsDone { get; private set; }

    /// <summary>What the looks of the second judge came to; null without a watch.</summary>
    public string? Watched
    {
        get
        {
            if (_watch is null)
                return null;
            long[] alarms = [.. _watch.Readings.Where(look => look.IsAlarm).Select(look => look.Step)];
            string found = alarms.Length == 0 ? "no alarm" : $"ALARM after step {string.Join(", ", alarms)}, see above";
            return $"The second judge was asked at {_watch.Readings.Length} steps: {found}";
        }
    }

    /// <summary>The optimizer of a run.</summary>
    public static AdamW Optimizer(IReadOnlyList<Parameter> trained, Arguments arguments) =>
        new(trained, arguments.LearningRate, beta2: 0.95, weightDecay: arguments.WeightDecay);

    /// <summary>All steps: draw, score, take the gradient part by part, step. Cancelled, it leaves a checkpoint.</summary>
    public async Task RunAsync(IBoNDistribution bestOfN, TextWriter output, CancellationToken cancellationToken)
    {
        using var targets = Targets.Of(new ExactObjective(bestOfN), _arguments.Targets, _model.Network.Device);
        var schedule = new LearningRateSchedule
        {
            Peak = _arguments.LearningRate,
            Steps = _arguments.Steps,
            Shape = _arguments.Schedule,
            FinalPart = 0.1,
        };
        output.WriteLine(targets.Description);
        try
        {
            for (; StepsDone < _arguments.Steps; StepsDone++)
            {
                if (StepsDone % _arguments.Watch == 0) // null without a watch
                    await LookAsync(output, cancellationToken);
                double learningRate = schedule.At(StepsDone);
                _adam.SetLearningRate(learningRate);
                var drawn = _model.Policy.Sample(
                    _order.Batch(StepsDone, _promptsPerStep),
                    _arguments.CompletionsPerPrompt,
                    (_arguments.Seed * 1_000_003) + StepsDone,
                    cancellationToken
                );
                var scored = await _scorer.ScoreAsync(drawn, cancellationToken);
                var numbers = Backward(_model, bestOfN, targets, scored, _arguments.RowsPerPass) with
                {
                    GradientNorm = Clip(_trained, _arguments),
                    LearningRate = learningRate,
                    Update = _adam.LastUpdate,
                };
                foreach (var alarm in _guard.Observe(StepsDone, numbers)) // one that is fatal ends the loop
                    output.WriteLine(alarm);
                _adam.Step();
                if (StepsDone % 4 == 3)
                    GC.Collect(); // without it memory was seen to grow with full training: docs/hugging-face.md, Memory
                _metrics.Write(StepsDone, [.. numbers.Values(), .. LookValues(StepsDone)]);
                Report(StepsDone + 1, numbers, output);
            }

            await LookAsync(output, cancellationToken); // what is saved and measured is seen, too
        }
        catch (OperationCanceledException)
        {
            _checkpoints.Save(StepsDone); // only drawing and scoring can be cancelled, so the weights are those after so many steps
            throw;
        }
    }

    /// <summary>The gradient of a step, accumulated over parts so that memory does not grow with the number of completions.</summary>
    public static StepMetrics Backward(LanguageModel model, IBoNDistribution bestOfN, Targets targets, ScoredBatch scored, int rowsPerPass)
    {
        model.Network.zero_grad();
        var done = GradientAccumulation.Backward(
            model.Policy,
            scored,
            rowsPerPass,
            ScoreFunction.Average,
            (logProb, part) => targets.Loss(logProb, part.Scored)
        ); // meets log pi_bon, baseline per prompt
        return StepMetrics.Of(bestOfN, scored, done.LogProb);
    }

    /// <summary>The norm of the gradient, which is at most the largest that is allowed afterwards.</summary>
    public static double Clip(Parameter[] trained, Arguments arguments) =>
        torch.nn.utils.clip_grad_norm_(trained, arguments.Clip > 0 ? arguments.Clip : double.MaxValue);

    public void Dispose()
    {
        _checkpoints.Dispose();
        _metrics.Dispose();
        _adam.Dispose();
    }

    /// <summary>What the second judge says of held-out answers; every look is told, and an alarm with what to do.</summary>
    private async Task LookAsync(TextWriter output, CancellationToken cancellationToken)
    {
        if (_watch is null || (_watch.Readings is [.., var last] && last.Step >= StepsDone))
            return;
        var look = await _watch.LookAsync(_model.Policy, StepsDone, cancellationToken);
        output.WriteLine($"{(look.IsAlarm ? "ALARM, " : "")}{look}");
    }

    /// <summary>The look of a step, for the line of its metrics.</summary>
    private IEnumerable<KeyValuePair<string, double>> LookValues(long step) =>
        _watch?.Readings is [.., var look] && look.Step == step
            ? [new("watch_first", look.First.Value), new("watch_second", look.Second.Value), new("watch_alarm", look.IsAlarm ? 1 : 0)]
            : [];

    private void Report(long step, StepMetrics numbers, TextWriter output)
    {
        if (step % _arguments.CheckpointEvery == 0 || step == _arguments.Steps)
            _checkpoints.Save(step, numbers.Values());
        if (step % Math.Max(1, _arguments.Steps / 10) == 0 || step == _arguments.Steps)
        {
            output.WriteLine(
                FormattableString.Invariant(
                    $"step {step} of {_arguments.Steps}: reward {numbers.Reward.Value:0.000}, KL {numbers.Kl.K1.Value:0.00} nats"
                )
            );
        }
    }

    /// <summary>All that the weights depend on, by the names of the options: a run goes on with the same alone.</summary>
    private static Dictionary<string, object> Settings(
        Scorer scorer,
        Prompt[] prompts,
        LanguageModel model,
        Arguments arguments,
        IRewardModel? watching
    ) =>
        new()
        {
            ["the reference (--model, --max-new-tokens)"] = scorer.Origin.Reference.ToString(),
            ["the judge (--reward, --label)"] = scorer.Origin.RewardModel.ToString(),
            ["the training prompts (--prompts, --held-out)"] = string.Create(
                CultureInfo.InvariantCulture,
                $"{prompts.Length} prompts, SHA-256 "
                    + $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', (object[])prompts))))[..16]}"
            ),
            ["the watching judge (--watch, --second-reward)"] = watching is null
                ? "none"
                : $"every {arguments.Watch} steps, {watching.Identity}",
            ["--n"] = arguments.N,
            ["--samples"] = arguments.SamplesPerPrompt,
            ["--steps"] = arguments.Steps,
            ["--prompts-per-step"] = arguments.PromptsPerStep,
            ["--completions"] = arguments.CompletionsPerPrompt,
            ["--rows-per-pass"] = arguments.RowsPerPass,
            ["--learning-rate"] = arguments.LearningRate,
            ["--schedule"] = arguments.Schedule.ToString(),
            ["--weight-decay"] = arguments.WeightDecay,
            ["--clip"] = arguments.Clip,
            ["--lora"] = arguments.Lora,
            ["--element-type"] = arguments.ElementType.ToString(),
            ["--mixed-precision"] = arguments.MixedPrecision,
            ["--targets"] = Targets.Name(arguments.Targets, model.Network.Device),
            ["--seed"] = arguments.Seed,
        };
}
