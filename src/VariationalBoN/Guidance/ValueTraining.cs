using System.Globalization;
using VariationalBoN.Internal;
using VariationalBoN.Training;
using static TorchSharp.torch;

namespace VariationalBoN.Guidance;

/// <summary>How a value head learns: cross-entropy of both laws to what the end of the answer,
/// and the prefixes before it, say of F. Stateless.</summary>
internal static class ValueTraining
{
    private const int WarmUpSteps = 20;
    private static readonly int[] s_n = [4, 16, 64];

    /// <summary>Trains the network in place.</summary>
    /// <exception cref="InvalidOperationException">The loss or a parameter is no number any more.</exception>
    public static void Run(
        ValueNetwork network,
        ValueSamples samples,
        RankBins bins,
        ValueHeadOptions options,
        IProgress<double>? progress,
        CancellationToken cancellationToken
    )
    {
        using Tensor? weights =
            options.ValueWeight > 0 ? Weights(bins, samples.PerPrompt, network.parameters().First().device).DetachFromDisposeScope() : null;
        using var adam = new Adam(network.parameters(), options.LearningRate, beta2: 0.99);
        int perEpoch = (samples.Count + options.AnswersPerStep - 1) / options.AnswersPerStep,
            steps = options.Epochs * perEpoch;
        var schedule = new LearningRateSchedule
        {
            Peak = options.LearningRate,
            Steps = steps,
            WarmUpSteps = Math.Min(WarmUpSteps, steps / 2),
            Shape = ScheduleShape.Cosine,
            FinalPart = 0,
        };
        int step = 0;
        for (int epoch = 0; epoch < options.Epochs; epoch++)
        {
            foreach (int[] part in Order(samples.Count, options.Seed, epoch).Chunk(options.AnswersPerStep))
            {
                cancellationToken.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                adam.ZeroGrad();
                var loss = Loss(network, samples.Batch(part), options.Lambda, weights, options.ValueWeight);
                loss.backward();
                if (step % perEpoch == 0 && !double.IsFinite(loss.Doubles()[0]))
                    throw Diverged($"its loss is {loss.Doubles()[0]} in step {step}", options);
                adam.SetLearningRate(schedule.At(step));
                adam.Step();
                step++;
                progress?.Report(step / (double)steps);
            }
        }

        using var last = no_grad();
        using var inner = NewDisposeScope();
        foreach (var (name, parameter) in network.named_parameters())
        {
            if (!parameter.isfinite().all().item<bool>())
                throw Diverged($"{name} is no longer finite after {steps} steps", options);
        }
    }

    /// <summary>w of each bin for the N whose values count, [B, N].</summary>
    internal static Tensor Weights(RankBins bins, int samples, Device? device = null)
    {
        float[][] ofN = [.. s_n.Where(n => n <= samples).Select(n => Array.ConvertAll(bins.LogWeights(RankWeight.BestOf(n)), MathF.Exp))];
        float[] values = [.. Enumerable.Range(0, bins.Count).SelectMany(b => ofN.Select(weights => weights[b]))];
        return tensor(values, [bins.Count, ofN.Length], device: device);
    }

    /// <summary>The loss of a batch, a scalar.</summary>
    internal static Tensor Loss(ValueNetwork network, ValueBatch batch, double lambda, Tensor? weights = null, double valueWeight = 0)
    {
        PackedRows rows = batch.Rows;
        (Tensor before, Tensor after) = network.Along(rows, batch.Hidden); // [P, U]
        var state = network.StateLaw(batch.Hidden, before, rows.Previous); // [P, B]
        var token = network.TokenLaw(network.TokenBase(batch.Hidden), after, rows.Tokens);
        var targets = tensor(Targets(state.detach().cpu().data<float>().ToArray(), batch, lambda), state.shape, device: after.device);
        var crossEntropy = (targets * state.Plus(token)).sum(-1).mean().neg();
        var ranks = (rows.Last(after).select(1, 0) - batch.Scores).Squared().mean(); // the first sum learns the rank itself
        if (weights is null || weights.size(1) == 0)
            return crossEntropy.Plus(ranks);
        var taught = targets.matmul(weights); // [P, N]
        return crossEntropy.Plus(ranks).Plus(Divergence(state).Plus(Divergence(token)).mean().Times(valueWeight));

        Tensor Divergence(Tensor law)
        {
            var value = law.exp().matmul(weights);
            return value - (taught * value.AtLeast(1e-12).log());
        }
    }

    /// <summary>y_t = the label at the last token of a row, (1 - lambda) p(.
    /// | s_(t + 1)) + lambda y_(t + 1) before it; token by token, bin by bin.</summary>
    /// <param name="logLaws">log p(. | s) of the tokens of the batch, bin by bin.</param>
    /// <param name="batch">The batch.</param>
    /// <param name="lambda">lambda.</param>
    internal static float[] Targets(float[] logLaws, ValueBatch batch, double lambda)
    {
        PackedRows rows = batch.Rows;
        int bins = logLaws.Length / rows.Row.Length;
        float kept = (float)lambda;
        float[] targets = new float[logLaws.Length];
        for (int place = rows.Row.Length - 1; place >= 0; place--)
        {
            int here = place * bins,
                next = here + bins;
            if (rows.IsLast(place))
                batch.Labels[rows.Row[place]].CopyTo(targets, here);
            else
            {
                for (int b = 0; b < bins; b++)
                    targets[here + b] = ((1 - kept) * MathF.Exp(logLaws[next + b])) + (kept * targets[next + b]);
            }
        }

        return targets;
    }

    private static InvalidOperationException Diverged(string how, ValueHeadOptions options) =>
        new(
            string.Create(
                CultureInfo.InvariantCulture,
                $"The value head diverged: {how}. Lower {nameof(ValueHeadOptions)}.{nameof(ValueHeadOptions.LearningRate)}, which is "
                    + $"{options.LearningRate}."
            )
        );

    private static int[] Order(int count, long seed, int epoch)
    {
        var random = new CounterRandom(new DrawSeed(seed, DrawPurpose.Resampling), "value head, order", epoch);
        int[] order = [.. Enumerable.Range(0, count)];
        for (int i = count - 1; i > 0; i--)
        {
            int j = (int)(random.Uniform(i) * (i + 1));
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }
}
