using System.Diagnostics;
using System.Globalization;
using System.Text;
using SentimentControl.Datasets.Austen;
using SentimentControl.Training;
using VariationalBoN.Policies;
using VariationalBoN.Training;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN.Experiments.Pretraining;

/// <summary>Makes the checkpoint of the austen dataset from the text alone: vocabulary, then language model. Stateless.</summary>
internal static class AustenPretraining
{
    private const int VocabularySize = 2048, SegmentsPerStep = 64, SegmentsPerBucket = 2048, Epochs = 8, WarmUp = 100;
    private const double PeakLearningRate = 2e-3, WeightDecay = 0.1;

    private static readonly Gpt2Config Config = new()
    {
        VocabularySize = VocabularySize,
        MaxLength = 64,
        Width = 160,
        Layers = 4,
        Heads = 5,
        Activation = "gelu",
    };

    /// <summary>Trains and writes vocab.json, merges.txt, config.json, model.safetensors (16 bits a weight) and training.csv.</summary>
    /// <remarks>The weights are written after each pass over the text, so that a stop loses one pass at most.</remarks>
    /// <param name="outputFolder">The folder, made when missing.</param>
    /// <param name="output">Told the line of training.csv after each pass.</param>
    /// <param name="cancellationToken">Stops between steps.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static void Run(string outputFolder, TextWriter output, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(outputFolder);
        List<AustenSegment> segments = AustenSegmenter.Segment(AustenNovels.Load());
        BytePairTrainer.Save(segments.Where(segment => !segment.HeldOut).Select(segment => segment.Text), VocabularySize, outputFolder);
        File.WriteAllText(Path.Combine(outputFolder, "config.json"), Config.ToJson());
        ITokenizer tokenizer = AustenVocabulary.Load(outputFolder);
        List<int[]> training = AustenHeldOutText.Tokens(segments.Where(segment => !segment.HeldOut), tokenizer, Config.MaxLength);
        List<int[]> measured = AustenHeldOutText.Tokens(segments.Where(segment => segment.HeldOut), tokenizer, Config.MaxLength);
        var heldOut = new AustenHeldOutText(measured, tokenizer);
        using var model = new Gpt2(Config, seed: 1);
        var groups = model.parameters().ToLookup(parameter => parameter.dim() > 1); // decay on matrices, none on vectors
        using var matrices = new AdamW(groups[true], PeakLearningRate, beta2: 0.98, weightDecay: WeightDecay);
        using var vectors = new AdamW(groups[false], PeakLearningRate, beta2: 0.98);
        var watch = Stopwatch.StartNew();
        var log = new StringBuilder("pass,seconds,training_nats_per_token,held_out_nats_per_token,held_out_bits_per_byte\n");
        int step = 0;
        var schedule = new LearningRateSchedule { Peak = PeakLearningRate, Steps = Epochs * Batches(training, 0).Count, WarmUpSteps = WarmUp, Shape = ScheduleShape.Cosine };
        for (int epoch = 0; epoch < Epochs; epoch++)
        {
            double sum = 0;
            List<int[][]> batches = Batches(training, epoch);
            foreach (int[][] batch in batches)
            {
                cancellationToken.ThrowIfCancellationRequested();
                double rate = schedule.At(step++);
                matrices.SetLearningRate(rate);
                vectors.SetLearningRate(rate);
                sum += Step(model, [matrices, vectors], batch);
            }

            (double nats, double bits) = heldOut.Measure(model);
            string line = string.Create(CultureInfo.InvariantCulture, $"{epoch + 1},{watch.Elapsed.TotalSeconds:0},{sum / batches.Count:0.0000},{nats:0.0000},{bits:0.0000}");
            output.WriteLine(line);
            File.WriteAllText(Path.Combine(outputFolder, "training.csv"), log.AppendLine(line).ToString());
            Save(model, Path.Combine(outputFolder, "model.safetensors"));
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

    /// <summary>One pass over the text in an order of its own; the segments of a batch have nearly one length, so that little is padding.</summary>
    private static List<int[][]> Batches(List<int[]> texts, int epoch)
    {
        var random = new CounterRandom(new DrawSeed(epoch), "order of the pass", 0);
        IEnumerable<int[]> order = texts.Select((text, i) => (text, Key: random.Uniform(i))).OrderBy(pair => pair.Key).Select(pair => pair.text);
        IEnumerable<int[][]> batches = order.Chunk(SegmentsPerBucket).SelectMany(bucket => bucket.OrderBy(text => text.Length).Chunk(SegmentsPerStep));
        return [.. batches.Select((batch, i) => (batch, Key: random.Uniform(texts.Count + i))).OrderBy(pair => pair.Key).Select(pair => pair.batch)];
    }

    private static void Save(Gpt2 model, string path)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Safetensors.Save(path, model.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.to(ScalarType.Float16)), new Dictionary<string, string> { ["format"] = "pt" });
    }
}
