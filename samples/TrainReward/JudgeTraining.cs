using System.Globalization;
using TorchSharp;
using VariationalBoN;
using VariationalBoN.Losses;
using VariationalBoN.Rewards;
using VariationalBoN.Training;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Lora;
using static TorchSharp.torch;

namespace TrainReward;

/// <summary>Trains a judge by Bradley-Terry, step by step, from the last checkpoint on.</summary>
internal sealed class JudgeTraining : IDisposable
{
    private const double LargestGradient = 1;
    private readonly PretrainedClassifier _judge;
    private readonly Arguments _arguments;
    private readonly BatchOrder<PreferencePair> _order;
    private readonly AdamW _adam;
    private readonly MetricsLog _metrics;
    private readonly TrainingGuard _guard = new(n: 1, samplesPerPrompt: 1); // of a loop over pairs it watches loss and gradient alone
    private readonly Checkpoints _checkpoints;
    private readonly int _pairsPerStep;
    private long _step;

    /// <summary>Opens the checkpoints of the output folder and goes to the last.</summary>
    /// <exception cref="InvalidOperationException">They are of other settings; the message names them.</exception>
    public JudgeTraining(PretrainedClassifier judge, PreferencePair[] pairs, Arguments arguments)
    {
        (_judge, _arguments) = (judge, arguments);
        string start = judge.TextReward().Identity.ToString();
        judge.MakeTrainable(arguments.Lora ? new LoraOptions { Rank = 8, Alpha = 16 } : null, arguments.Seed);
        _order = new BatchOrder<PreferencePair>(pairs, arguments.Seed);
        _pairsPerStep = Math.Min(arguments.PairsPerStep, pairs.Length);
        _adam = new AdamW(judge.Parameters, arguments.LearningRate, beta2: 0.98);
        _metrics = new MetricsLog(Path.Combine(arguments.Output, "metrics.jsonl"));
        _checkpoints = new Checkpoints(Path.Combine(arguments.Output, "checkpoints"), Settings(start, pairs, arguments))
            .Add("judge", judge.Classifier.named_parameters().Where(pair => pair.parameter.requires_grad))
            .Add("optimizer", _adam)
            .Add("metrics", _metrics)
            .Add("guard", _guard);
        try
        {
            _step = _checkpoints.Restore();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The steps that are left. Cancelled, it leaves a checkpoint.</summary>
    public void Run(TextWriter output, CancellationToken cancellationToken)
    {
        var schedule = new LearningRateSchedule
        {
            Peak = _arguments.LearningRate,
            Steps = _arguments.Steps,
            WarmUpSteps = Math.Min(20, _arguments.Steps / 10),
            Shape = ScheduleShape.Cosine,
        };
        if (_step > 0)
            output.WriteLine($"training goes on after step {_step} of {_arguments.Steps}");
        for (; _step < _arguments.Steps; _step++)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                _checkpoints.Save(_step);
                cancellationToken.ThrowIfCancellationRequested();
            }

            double rate = schedule.At(_step);
            _adam.SetLearningRate(rate);
            (double loss, double right) = Backward(_order.Batch(_step, _pairsPerStep));
            double norm = nn.utils.clip_grad_norm_(_judge.Parameters, LargestGradient);
            foreach (var alarm in _guard.Observe(_step, loss, norm)) // one that is fatal ends the loop
                output.WriteLine(alarm);
            _adam.Step();
            _metrics.Write(_step, [new("loss", loss), new("accuracy", right), new("gradient_norm", norm), new("learning_rate", rate)]);
            Report(_step + 1, loss, right, output);
        }
    }

    public void Dispose()
    {
        _checkpoints.Dispose();
        _metrics.Dispose();
        _adam.Dispose();
    }

    /// <summary>The gradient of a step, part by part so that memory does not grow with the number of pairs.</summary>
    /// <returns>The loss, and the share of pairs in the order of their labels.</returns>
    private (double Loss, double Right) Backward(IReadOnlyList<PreferencePair> batch)
    {
        _adam.ZeroGrad();
        double sum = 0,
            right = 0;
        foreach (var part in batch.Chunk(_arguments.PairsPerPass))
        {
            using var scope = NewDisposeScope(); // tensors live below this line only
            (var chosen, var rejected) = _judge.PairRewards(part);
            using Scalar share = (double)part.Length / batch.Count;
            var loss = RewardModelLoss
                .BradleyTerry(chosen, rejected, [.. part.Select(pair => pair.Margin)], _arguments.Centring)
                .mul(share);
            loss.backward();
            sum += loss.item<float>();
            right += (chosen > rejected).sum().item<long>();
        }

        return (sum, right / batch.Count);
    }

    private void Report(long step, double loss, double right, TextWriter output)
    {
        if (step % _arguments.CheckpointEvery == 0 || step == _arguments.Steps)
            _checkpoints.Save(step);
        if (step % Math.Max(1, _arguments.Steps / 5) == 0)
            output.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"step {step} of {_arguments.Steps}: loss {loss:0.000}, {100 * right:0} % of the step's pairs in the order of their "
                        + $"labels"
                )
            );
    }

    /// <summary>All that the weights depend on, by the names of the options: a run goes on with the same alone.</summary>
    private static Dictionary<string, object> Settings(string start, PreferencePair[] pairs, Arguments arguments) =>
        new()
        {
            ["the model (--model)"] = start,
            ["the pairs (--pairs)"] = PairDigest.Of(pairs),
            ["--steps"] = arguments.Steps,
            ["--pairs-per-step"] = arguments.PairsPerStep,
            ["--pairs-per-pass"] = arguments.PairsPerPass,
            ["--learning-rate"] = arguments.LearningRate,
            ["--centring"] = arguments.Centring,
            ["--lora"] = arguments.Lora,
            ["--seed"] = arguments.Seed,
        };
}
