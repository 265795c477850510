using System.Globalization;
using VariationalBoN.Internal;
using VariationalBoN.Training;
using static TorchSharp.torch;

namespace VariationalBoN.Guidance;

/// <summary>How a value head learns: cross-entropy of both laws to what the end of the answer, and the prefixes before it, say of F.
/// Stateless.</summary>
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
        var units = network.Units(network.UnitBase(batch.Hidden, batch.Previous), batch.Tokens) * batch.Mask.unsqueeze(-1); // [b, T, U]
        var after = units.cumsum(1);
        var state = network.StateLaw(batch.Hidden, after - units, batch.Previous); // [b, T, B]
        var token = network.TokenLaw(network.TokenBase(batch.Hidden), after, batch.Tokens);
        var targets = Targets(state.detach().exp(), batch, lambda);
        var crossEntropy = ((targets * state.Plus(token)).sum(-1) * batch.Mask).sum().neg() / batch.Mask.sum();
        var ranks = (units.select(2, 0).sum(1) - batch.Scores).Squared().mean(); // the first sum learns the rank itself
        if (weights is null || weights.size(1) == 0)
            return crossEntropy.Plus(ranks);
        var taught = targets.matmul(weights); // [b, T, N]
        var values = Divergence(state).Plus(Divergence(token)).mean([2]);
        return crossEntropy.Plus(ranks).Plus(((values * batch.Mask).sum() / batch.Mask.sum()).Times(valueWeight));

        Tensor Divergence(Tensor law)
        {
            var value = law.exp().matmul(weights);
            return value - (taught * value.AtLeast(1e-12).log());
        }
    }

    /// <summary>y_t = the label at the last token, (1 - lambda) p(. | s_(t + 1)) + lambda y_(t + 1) before it: [b, T, B].</summary>
    /// <remarks>Summed: (1 - lambda) sum over later j of lambda^(j - t - 1) p(. | s_j), and lambda^(tokens after t) times the
    /// label.</remarks>
    internal static Tensor Targets(Tensor laws, ValueBatch batch, double lambda)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        int length = (int)laws.size(1);
        float[] powers = new float[length],
            later = new float[length * length]; // lambda^t; [T, T]
        for (int t = 0; t < length; t++)
            powers[t] = (float)Math.Pow(lambda, t);
        for (int t = 0; t < length; t++)
        {
            for (int j = t + 1; j < length; j++)
                later[(t * length) + j] = (float)(1 - lambda) * powers[j - t - 1];
        }

        var fromLaws = tensor(later, [length, length], device: laws.device).matmul(laws * batch.Mask.unsqueeze(-1));
        // lambda^(tokens after t)
        var ofLabel = tensor(powers, device: laws.device).index_select(0, batch.Left.view(-1).to(ScalarType.Int64)).view(batch.Left.shape);
        return fromLaws.Plus(ofLabel * batch.Labels.unsqueeze(1)).MoveToOuterDisposeScope();
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
