using VariationalBoN.Internal;
using static TorchSharp.torch;

namespace VariationalBoN.Policies;

/// <summary>One completion that is to be drawn.</summary>
/// <param name="Prompt">Index of its prompt in the call.</param>
/// <param name="Slot">Its place in the answer.</param>
/// <param name="Random">Its random numbers; number t draws token t.</param>
internal readonly record struct PlannedRow(int Prompt, int Slot, CounterRandom Random);

/// <summary>Draws the completions of one batch, token by token: prompts are read once, finished rows leave the batch.</summary>
internal sealed class BatchSampler(CausalModel model, NextTokenDistribution distribution, GenerationOptions options)
{
    private const double CompactionThreshold = 0.75;
    private readonly Device _device = model.Device;
    private readonly bool[] _isStop = Stops(model.VocabularySize, options);

    /// <summary>The drawn tokens of each row, in the order of the rows.</summary>
    internal List<int>[] Draw(ReadOnlySpan<PlannedRow> rows, IReadOnlyList<IReadOnlyList<int>> promptTokens, CancellationToken cancellationToken)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var drawn = new List<int>[rows.Length];
        var distinct = new List<IReadOnlyList<int>>();
        int[] source = new int[rows.Length]; // the row of the logits that each alive row draws from
        for (int i = 0; i < rows.Length; i++)
        {
            drawn[i] = new List<int>(Math.Min(options.MaxNewTokens, 32));
            if (i == 0 || rows[i].Prompt != rows[i - 1].Prompt)
                distinct.Add(promptTokens[rows[i].Prompt]);
            source[i] = distinct.Count - 1;
        }

        int[] alive = [.. Enumerable.Range(0, rows.Length)];
        int present = distinct.Count;
        bool prompts = true;
        using var decoding = model.StartDecoding(distinct, options.MaxNewTokens - 1, options.UseCache, out var logits);
        for (int step = 0; ; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            DrawTokens(logits, rows, alive, source, drawn, step);
            (alive, source) = Unfinished(alive, source, drawn);
            if (alive.Length == 0 || step + 1 == options.MaxNewTokens)
                return drawn;
            if (prompts || alive.Length < CompactionThreshold * present)
            {
                decoding.SelectRows(source);
                present = alive.Length;
                source = [.. Enumerable.Range(0, present)];
                prompts = false;
            }

            logits = Append(decoding, alive, source, drawn, present);
        }
    }

    private Tensor Append(IDecoding decoding, int[] alive, int[] source, List<int>[] drawn, int present)
    {
        long[] next = new long[present]; // a finished row that is still here is fed token 0
        for (int i = 0; i < alive.Length; i++)
            next[source[i]] = drawn[alive[i]][^1];
        using var tokens = tensor(next, device: _device);
        return decoding.Append(tokens);
    }

    private void DrawTokens(Tensor logits, ReadOnlySpan<PlannedRow> rows, int[] alive, int[] source, List<int>[] drawn, int step)
    {
        using var scope = NewDisposeScope();
        var table = distribution.Probabilities(logits).to(ScalarType.Float32).cpu().contiguous(); // [present, V]
        var probabilities = table.Elements<float>();
        for (int i = 0; i < alive.Length; i++)
        {
            var row = rows[alive[i]];
            int token = InverseCdf.Draw(probabilities.Slice(source[i] * model.VocabularySize, model.VocabularySize), row.Random.Uniform(step));
            if (token < 0)
                throw new ArithmeticException($"{model.Module.GetName()} returned logits that are no distribution (NaN or infinity) for token " +
                    $"{step} of completion {row.Slot}: its weights have probably diverged.");
            drawn[alive[i]].Add(token);
        }

        logits.Dispose();
    }

    private (int[] Alive, int[] Source) Unfinished(int[] alive, int[] source, List<int>[] drawn)
    {
        int count = 0;
        for (int i = 0; i < alive.Length; i++)
        {
            if (_isStop[drawn[alive[i]][^1]])
                continue;
            (alive[count], source[count]) = (alive[i], source[i]);
            count++;
        }

        return count == alive.Length ? (alive, source) : (alive[..count], source[..count]);
    }

    private static bool[] Stops(int vocabularySize, GenerationOptions options)
    {
        bool[] stops = new bool[vocabularySize];
        foreach (int token in options.StopTokens)
            stops[token] = true;
        return stops;
    }
}
