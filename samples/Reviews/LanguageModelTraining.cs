using VariationalBoN;
using VariationalBoN.Training;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace SampleReviews;

/// <summary>Maximum likelihood training of a language model on whole texts. Stateless.</summary>
public static class LanguageModelTraining
{
    private const long Ignored = -100;

    /// <summary>Trains by Adam with warm-up, cosine decay and gradients clipped at norm 1; leaves the model in evaluation mode.</summary>
    /// <param name="model">The model, changed in place.</param>
    /// <param name="batch">The texts of a step as token ids, each at least two tokens long and no longer than the model takes.</param>
    /// <param name="steps">Number of steps.</param>
    /// <param name="learningRate">The peak of the learning rate.</param>
    /// <param name="warmUp">Steps of warm-up.</param>
    /// <param name="progress">Told the share that is done.</param>
    /// <param name="cancellationToken">Stops between steps.</param>
    public static void Train(
        Gpt2 model,
        Func<int, IReadOnlyList<int[]>> batch,
        int steps,
        double learningRate,
        int warmUp,
        IProgress<double> progress,
        CancellationToken cancellationToken
    )
    {
        model.train();
        using var adam = new Adam(model.parameters(), learningRate);
        var schedule = new LearningRateSchedule
        {
            Peak = learningRate,
            Steps = steps,
            WarmUpSteps = warmUp,
            Shape = ScheduleShape.Cosine,
        };
        for (int step = 0; step < steps; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var loss = Loss(model, batch(step), nn.Reduction.Mean, out _);
            model.zero_grad();
            loss.backward();
            nn.utils.clip_grad_norm_(model.parameters(), 1);
            adam.SetLearningRate(schedule.At(step));
            adam.Step();
            progress.Report((step + 1.0) / steps);
        }

        model.eval();
    }

    /// <summary>Mean cross-entropy of the tokens after the first of each text, in nats.</summary>
    public static double HeldOutLoss(Gpt2 model, IReadOnlyList<int[]> texts)
    {
        double sum = 0;
        long count = 0;
        using var noGradient = no_grad();
        foreach (int[][] chunk in texts.Chunk(128))
        {
            using var scope = NewDisposeScope();
            sum += Loss(model, chunk, nn.Reduction.Sum, out long tokens).item<float>();
            count += tokens;
        }

        return sum / count;
    }

    /// <summary>Cross-entropy of the tokens after the first of each text, in nats, with gradient.</summary>
    public static Tensor Loss(Gpt2 model, IReadOnlyList<int[]> texts, nn.Reduction reduction, out long tokens)
    {
        int length = texts.Max(text => text.Length) - 1;
        long[] inputs = new long[texts.Count * length],
            targets = new long[texts.Count * length];
        Array.Fill(targets, Ignored);
        for (int row = 0; row < texts.Count; row++)
        {
            for (int t = 0; t + 1 < texts[row].Length; t++)
            {
                inputs[(row * length) + t] = texts[row][t];
                targets[(row * length) + t] = texts[row][t + 1];
            }
        }

        tokens = targets.LongCount(target => target != Ignored);
        var device = model.parameters().First().device;
        // [B, T, V] -> [B * T, V]
        var logits = model.forward(tensor(inputs, [texts.Count, length], device: device)).view(-1, model.VocabularySize);
        return nn.functional.cross_entropy(logits, tensor(targets, device: device), ignore_index: Ignored, reduction: reduction);
    }
}
