using System.Text.Json;
using VariationalBoN.Transformers.Classifiers;
using VariationalBoN.Transformers.Decoders;
using VariationalBoN.Transformers.Pretrained;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Transformers.Classifiers;

/// <summary>A classifier of Golden/hf with the logits that transformers gives it.</summary>
internal sealed class ClassifierCase : IDisposable
{
    internal const double Tolerance = 2e-5; // of the largest logit

    internal ClassifierCase(string name)
    {
        Folder = Path.Combine(AppContext.BaseDirectory, "Golden", "hf", name);
        Classifier = ClassifierFamilies.Create(
            File.ReadAllText(Path.Combine(Folder, "config.json")),
            new EmptyParameters(ScalarType.Float32, CPU, 1 << 24, Folder)
        );
        HuggingFaceWeights.Load(Folder, Classifier, Classifier.Names);
        Classifier.eval();
        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "expected.json")));
        Rows =
        [
            .. expected
                .RootElement.GetProperty("classifier")
                .GetProperty("rows")
                .EnumerateArray()
                .Select(row =>
                    (
                        row.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()).ToArray(),
                        row.GetProperty("logits").EnumerateArray().Select(logit => logit.GetDouble()).ToArray()
                    )
                ),
        ];
    }

    internal string Folder { get; }

    internal SequenceClassifier Classifier { get; }

    internal (int[] Ids, double[] Logits)[] Rows { get; }

    public void Dispose() => Classifier.Dispose();

    /// <summary>The logits of sequences in one right-padded batch, whose padding is a token that means something elsewhere.</summary>
    internal double[][] Logits(IReadOnlyList<int[]> sequences, int width, int padding)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        long[] tokens = [.. sequences.SelectMany(ids => ids.Concat(Enumerable.Repeat(padding, width - ids.Length))).Select(id => (long)id)];
        var logits = Classifier
            .Logits(tensor(tokens, [sequences.Count, width]), [.. sequences.Select(ids => ids.Length)])
            .to(ScalarType.Float64);
        return [.. Enumerable.Range(0, sequences.Count).Select(row => logits[row].data<double>().ToArray())];
    }

    internal static void RequireEqual(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        double largest = expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], Tolerance * largest);
    }
}
