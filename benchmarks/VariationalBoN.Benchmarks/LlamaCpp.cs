using System.Numerics.Tensors;
using LLama;
using LLama.Common;
using LLama.Native;

namespace VariationalBoN.Benchmarks;

/// <summary>A GGUF file in llama.cpp (LLamaSharp): the work of the comparison,
/// as it comes, or with keys, values and attention in float32.</summary>
internal sealed class LlamaCpp : IDisposable
{
    private readonly LLamaWeights _weights;
    private readonly LLamaContext _context;

    internal LlamaCpp(string path, int threads, int sequences, int columns, bool shared, bool exact)
    {
        var settings = new ModelParams(path)
        {
            ContextSize = (uint)(sequences * columns),
            SeqMax = (uint)sequences,
            BatchSize = 1024,
            Threads = threads,
            BatchThreads = threads,
            GpuLayerCount = 0,
            KVUnified = shared,
            TypeK = exact ? GGMLType.GGML_TYPE_F32 : GGMLType.GGML_TYPE_F16,
            FlashAttention = exact ? false : null, // which rounds to float16 on the way
            TypeV = exact ? GGMLType.GGML_TYPE_F32 : GGMLType.GGML_TYPE_F16,
        };
        _weights = LLamaWeights.LoadFromFile(settings);
        _context = new LLamaContext(_weights, settings);
    }

    /// <summary>Says nothing but errors; before anything else of llama.cpp.</summary>
    internal static void Quiet() =>
        NativeLibraryConfig.All.WithLogCallback(
            (level, text) =>
            {
                if (level >= LLamaLogLevel.Error)
                    Console.Error.Write(text);
            }
        );

    /// <summary>llama.cpp's own Q8_0 of a file.</summary>
    internal static void Quantize(string from, string to)
    {
        NativeApi.llama_empty_call(); // loads the library
        LLamaModelQuantizeParams settings = LLamaModelQuantizeParams.Default();
        settings.ftype = LLamaFtype.MOSTLY_Q8_0;
        settings.nthread = 2;
        if (NativeApi.llama_model_quantize(from, to, ref settings) is uint fault and not 0)
            throw new InvalidOperationException($"llama.cpp's quantiser failed with {fault}.");
    }

    /// <summary>The logits after each token of one sequence, [tokens, V].</summary>
    internal float[][] Logits(int[] tokens)
    {
        _context.NativeHandle.MemoryClear();
        var batch = new LLamaBatch();
        int[] places = [.. tokens.Select((token, i) => batch.Add(token, i, LLamaSeqId.Zero, logits: true))];
        Decode(batch);
        return [.. places.Select(place => _context.NativeHandle.GetLogitsIth(place).ToArray())];
    }

    /// <summary>Draws from softmax: prompts of their own sequences, or samples of one prompt that is read once.</summary>
    internal int[][] Draw(int[][] prompts, int rows, int tokens, long seed)
    {
        _context.NativeHandle.MemoryClear();
        var drawn = new int[rows][];
        int[] places = new int[rows];
        int length = prompts[0].Length;
        var batch = new LLamaBatch();
        for (int p = 0; p < prompts.Length; p++)
        {
            if (batch.TokenCount + length > 1024)
            {
                throw new InvalidOperationException("The prompts take more than one batch.");
            }

            for (int i = 0; i < length; i++)
                places[p] = batch.Add(prompts[p][i], i, (LLamaSeqId)p, logits: i == length - 1);
        }

        Decode(batch);
        for (int row = prompts.Length; row < rows; row++)
        {
            _context.NativeHandle.MemorySequenceCopy(LLamaSeqId.Zero, (LLamaSeqId)row, -1, -1);
            places[row] = places[0];
        }

        for (int step = 0; step < tokens; step++)
        {
            batch.Clear();
            for (int row = 0; row < rows; row++)
            {
                (drawn[row] ??= new int[tokens])[step] = DrawToken(
                    _context.NativeHandle.GetLogitsIth(places[row]),
                    new CounterRandom(seed, "peer", row).Uniform(step)
                );
                places[row] = row;
            }

            if (step == tokens - 1)
                break;
            for (int row = 0; row < rows; row++)
                places[row] = batch.Add(drawn[row][step], length + step, (LLamaSeqId)row, logits: true);
            Decode(batch);
        }

        return drawn;
    }

    /// <summary>The log-probability of each completion, eight sequences at a time.</summary>
    internal double[] Score(int[][] prompts, int[][] completions)
    {
        const int Together = 8;
        double[] sums = new double[prompts.Length];
        for (int start = 0; start < prompts.Length; start += Together)
        {
            _context.NativeHandle.MemoryClear();
            var batch = new LLamaBatch();
            var targets = new List<(int Place, int Row, int Token)>();
            for (int row = start; row < Math.Min(start + Together, prompts.Length); row++)
            {
                int[] all = [.. prompts[row], .. completions[row]];
                for (int i = 0; i < all.Length - 1; i++)
                {
                    bool counts = i >= prompts[row].Length - 1;
                    int place = batch.Add(all[i], i, (LLamaSeqId)(row - start), counts);
                    if (counts)
                        targets.Add((place, row, all[i + 1]));
                }
            }

            Decode(batch);
            foreach ((int place, int row, int token) in targets)
            {
                Span<float> logits = _context.NativeHandle.GetLogitsIth(place);
                float most = TensorPrimitives.Max<float>(logits);
                float own = logits[token];
                TensorPrimitives.Subtract(logits, most, logits);
                TensorPrimitives.Exp<float>(logits, logits);
                sums[row] += own - most - Math.Log(TensorPrimitives.Sum<float>(logits));
            }
        }

        return sums;
    }

    public void Dispose()
    {
        _context.Dispose();
        _weights.Dispose();
    }

    /// <summary>Inverse CDF; the logits are written over.</summary>
    private static int DrawToken(Span<float> logits, double uniform)
    {
        Span<float> values = logits.ToArray(); // rows of one prompt share their first logits
        TensorPrimitives.Subtract(values, TensorPrimitives.Max<float>(values), values);
        TensorPrimitives.Exp<float>(values, values);
        double left = uniform * TensorPrimitives.Sum<float>(values);
        for (int token = 0; token < values.Length; token++)
        {
            left -= values[token];
            if (left < 0)
                return token;
        }

        return values.Length - 1;
    }

    private void Decode(LLamaBatch batch)
    {
        DecodeResult result = _context.Decode(batch);
        if (result != DecodeResult.Ok)
            throw new InvalidOperationException($"llama.cpp could not decode a batch of {batch.TokenCount} tokens: {result}.");
    }
}
