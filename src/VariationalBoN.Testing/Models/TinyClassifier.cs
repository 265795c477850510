using System.Collections.Immutable;
using System.Text.Json.Nodes;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Classifiers;
using static TorchSharp.torch;

namespace VariationalBoN.Testing.Models;

/// <summary>
/// Makes a DistilBERT classifier of 0.03 million weights, trained within seconds to tell praise from blame in <see cref="TinyText"/>, in
/// Hugging Face's layout: stands in for a real reward model in tests and first programs. Stateless, thread-safe.
/// </summary>
public static class TinyClassifier
{
    private const int Length = 64,
        Rows = 48;
    private const double LearningRate = 5e-3;

    /// <summary>The label of praise; the other one is NEGATIVE.</summary>
    public const string Label = "POSITIVE";

    /// <summary>Makes tokenizer and classifier, trains the classifier, and writes both to a directory.</summary>
    /// <remarks>The same arguments give the same files on one machine and one number of threads.</remarks>
    /// <param name="directory">Path of the directory: a new or an empty one, or one of a model, which is replaced.</param>
    /// <param name="steps">Training steps; 0 leaves the weights random.</param>
    /// <param name="seed">Fixes the first weights and the order of the text.</param>
    /// <returns><paramref name="directory"/>.</returns>
    /// <exception cref="ArgumentException"><paramref name="directory"/> is empty or blank.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="steps"/> is negative.</exception>
    /// <exception cref="IOException">The directory holds something else, or cannot be written.</exception>
    /// <exception cref="TorchRuntimeException">Torch's native library cannot be loaded.</exception>
    public static string Write(string directory, int steps = 100, long seed = 7)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        TinyFiles.Prepare(directory);
        WriteRandom(directory, seed);
        if (steps == 0)
            return directory;
        using var classifier = PretrainedClassifier.Load(directory);
        Train(classifier, steps, seed);
        classifier.Save(directory);
        return directory;
    }

    private static void WriteRandom(string directory, long seed)
    {
        string[] tokens = TinyVocabulary.WordPieces(TinyText.Sentences);
        File.WriteAllLines(Path.Combine(directory, "vocab.txt"), tokens);
        TinyFiles.WriteJson(
            directory,
            "tokenizer_config.json",
            new JsonObject
            {
                ["tokenizer_class"] = "DistilBertTokenizer",
                ["do_lower_case"] = true,
                ["cls_token"] = "[CLS]",
                ["sep_token"] = "[SEP]",
                ["pad_token"] = "[PAD]",
                ["unk_token"] = "[UNK]",
                ["mask_token"] = "[MASK]",
            }
        );
        var config = new DistilBertClassifierConfig
        {
            VocabularySize = tokens.Length,
            MaxLength = Length,
            Width = 32,
            Layers = 2,
            Heads = 4,
            InnerWidth = 64,
            Labels = ["NEGATIVE", Label],
        };
        using var classifier = new DistilBertClassifier(config, seed);
        config.Save(Path.Combine(directory, "config.json"));
        TinyFiles.WriteWeights(directory, classifier.state_dict());
    }

    /// <summary>Cross-entropy on the sentences that praise more than they blame, or the other way round.</summary>
    private static void Train(PretrainedClassifier classifier, int steps, long seed)
    {
        var texts = TinyText
            .Sentences.Where(text => TinyText.Tone(text) != 0)
            .Select(text => (Tokens: classifier.Tokenizer.Encode(text), Label: TinyText.Tone(text) > 0 ? 1L : 0L))
            .ToArray();
        foreach (var parameter in classifier.Classifier.parameters())
            parameter.requires_grad = true; // it was loaded to judge, not to train
        using var adam = new AdamW(classifier.Classifier.parameters(), LearningRate, beta2: 0.98);
        for (int step = 0; step < steps; step++)
        {
            var random = new CounterRandom(new DrawSeed(seed), "order of the text", step);
            var batch = Enumerable.Range(0, Rows).Select(row => texts[(int)(random.Uniform(row) * texts.Length)]).ToArray();
            adam.SetLearningRate(LearningRate * (1 - ((double)step / steps)));
            using var scope = NewDisposeScope();
            var logits = classifier.Classifier.Logits(
                Padded([.. batch.Select(text => text.Tokens)]),
                [.. batch.Select(text => text.Tokens.Length)]
            );
            var loss = nn.functional.cross_entropy(logits, tensor(batch.Select(text => text.Label).ToArray()));
            adam.ZeroGrad();
            loss.backward();
            adam.Step();
        }
    }

    private static Tensor Padded(ImmutableArray<int>[] rows)
    {
        int longest = rows.Max(row => row.Length);
        long[] tokens = [.. rows.SelectMany(row => Enumerable.Range(0, longest).Select(t => t < row.Length ? row[t] : 0L))];
        return tensor(tokens, [rows.Length, longest]); // [B, T]
    }
}
