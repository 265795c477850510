using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using SampleReviews;
using SentimentControl.Datasets.Austen;
using SentimentControl.Reporting;
using VariationalBoN.Training;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN.Experiments.Pretraining;

/// <summary>Trains a language model from random weights;
/// a run that was stopped or killed goes on from its last checkpoint. Stateless.</summary>
internal static class LanguageModelPretraining
{
    private const string Header = "pass,seconds,training_nats_per_token,held_out_nats_per_token,held_out_bits_per_byte\n";

    /// <summary>Trains, and writes model.safetensors (16 bits a weight) and training.csv after each pass over the text.</summary>
    /// <param name="folder">An existing folder; checkpoints are kept in it.</param>
    /// <param name="settings">The settings; a checkpoint of others is refused.</param>
    /// <param name="training">The text to train on, as tokens.</param>
    /// <param name="heldOut">What the model is measured on after each pass.</param>
    /// <param name="progress">Told how far it is, and each line of training.csv.</param>
    /// <param name="cancellationToken">Stops between steps; a checkpoint is left.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static void Run(
        string folder,
        PretrainingSettings settings,
        List<int[]> training,
        AustenHeldOutText heldOut,
        RunProgress progress,
        CancellationToken cancellationToken
    )
    {
        using var model = new Gpt2(settings.Model, seed: 1);
        var groups = model.parameters().ToLookup(parameter => parameter.dim() > 1); // decay on matrices, none on vectors
        using var matrices = new AdamW(groups[true], settings.PeakLearningRate, beta2: 0.98, weightDecay: settings.WeightDecay);
        using var vectors = new AdamW(groups[false], settings.PeakLearningRate, beta2: 0.98);
        var log = new Log("", 0, 0);
        using var checkpoints = new Checkpoints(Path.Combine(folder, "checkpoints"), settings, new CheckpointOptions { KeepLast = 1 })
            .Add("model", model)
            .Add("matrices", matrices)
            .Add("vectors", vectors)
            .Add("log", stream => JsonSerializer.Serialize(stream, log), stream => log = JsonSerializer.Deserialize<Log>(stream)!);
        int perPass = Batches(training, settings, 0).Count,
            steps = settings.Epochs * perPass;
        var schedule = new LearningRateSchedule
        {
            Peak = settings.PeakLearningRate,
            Steps = steps,
            WarmUpSteps = settings.WarmUp,
            Shape = ScheduleShape.Cosine,
        };
        long first = checkpoints.Restore(),
            step = first;
        if (first > 0)
            progress.Say($"goes on after step {first} of {steps}");
        var stage = progress.Plan("language model", 1);
        double before = log.Seconds;
        var watch = Stopwatch.StartNew();
        List<int[][]> batches = [];
        for (; step < steps; step++)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                if (step > first)
                    checkpoints.Save(step);
                cancellationToken.ThrowIfCancellationRequested();
            }

            int inPass = (int)(step % perPass);
            if (inPass == 0 || batches.Count == 0)
                batches = Batches(training, settings, (int)(step / perPass));
            double rate = schedule.At(step);
            matrices.SetLearningRate(rate);
            vectors.SetLearningRate(rate);
            double loss = Step(model, [matrices, vectors], batches[inPass]);
            log = log with { Sum = log.Sum + loss, Seconds = before + watch.Elapsed.TotalSeconds };
            if (inPass + 1 == perPass)
            {
                (double nats, double bits) = heldOut.Measure(model);
                long pass = (step + 1) / perPass;
                string line = string.Create(
                    CultureInfo.InvariantCulture,
                    $"{pass},{log.Seconds:0},{log.Sum / perPass:0.0000},{nats:0.0000},{bits:0.0000}"
                );
                log = log with { Lines = log.Lines + line + "\n", Sum = 0 };
                progress.Say(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"pass {pass} of {settings.Epochs}: held-out {nats:0.0000} nats per token, {bits:0.0000} bits per byte"
                    )
                );
                File.WriteAllText(Path.Combine(folder, "training.csv"), Header + log.Lines);
                Save(model, Path.Combine(folder, "model.safetensors"));
            }

            if (inPass + 1 == perPass || (step + 1) % settings.CheckpointEvery == 0)
                checkpoints.Save(step + 1);
            stage.Report((step + 1 - first) / (double)(steps - first));
        }
    }

    private static double Step(Gpt2 model, AdamW[] optimizers, int[][] batch)
    {
        using var scope = NewDisposeScope();
        var loss = LanguageModelTraining.Loss(model, batch, nn.Reduction.Mean, out _);
        model.zero_grad();
        loss.backward();
        nn.utils.clip_grad_norm_(model.parameters(), 1);
        Array.ForEach(optimizers, optimizer => optimizer.Step());
        return loss.item<float>();
    }

    /// <summary>One pass over the text in an order of its own;
    /// the segments of a batch have nearly one length, so that little is padding.</summary>
    private static List<int[][]> Batches(List<int[]> texts, PretrainingSettings settings, int epoch)
    {
        var random = new CounterRandom(new DrawSeed(epoch), "order of the pass", 0);
        var order = texts.Select((text, i) => (text, Key: random.Uniform(i))).OrderBy(pair => pair.Key).Select(pair => pair.text);
        var batches = order
            .Chunk(settings.SegmentsPerBucket)
            .SelectMany(bucket => bucket.OrderBy(text => text.Length).Chunk(settings.SegmentsPerStep));
        return
        [
            .. batches
                .Select((batch, i) => (batch, Key: random.Uniform(texts.Count + i)))
                .OrderBy(pair => pair.Key)
                .Select(pair => pair.batch),
        ];
    }

    private static void Save(Gpt2 model, string path)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var weights = model.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.to(ScalarType.Float16));
        Safetensors.Save(path, weights, new Dictionary<string, string> { ["format"] = "pt" });
    }

    /// <summary>The lines of training.csv so far, the sum of the losses of the pass that is under way,
    /// and the seconds of all runs.</summary>
    private sealed record Log(string Lines, double Sum, double Seconds);
}
