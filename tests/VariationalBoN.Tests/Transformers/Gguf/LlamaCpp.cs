using LLama;
using LLama.Common;
using LLama.Native;

namespace VariationalBoN.Tests.Transformers.Gguf;

/// <summary>A GGUF file as llama.cpp reads it (LLamaSharp), keys and values in float32, one thread.</summary>
internal sealed class LlamaCpp : IDisposable
{
    private readonly LLamaContext _context;

    static LlamaCpp() => NativeLibraryConfig.All.WithLogCallback((_, _) => { });

    public LlamaCpp(string path, int length)
    {
        var settings = new ModelParams(path)
        {
            ContextSize = (uint)length,
            SeqMax = 1,
            Threads = 1,
            BatchThreads = 1,
            GpuLayerCount = 0,
            TypeK = GGMLType.GGML_TYPE_F32,
            TypeV = GGMLType.GGML_TYPE_F32,
            FlashAttention = false,
        };
        Weights = LLamaWeights.LoadFromFile(settings);
        _context = new LLamaContext(Weights, settings);
    }

    public LLamaWeights Weights { get; }

    /// <summary>Whether this machine's native package was served.</summary>
    public static bool IsThere =>
        Directory.Exists(Path.Combine(AppContext.BaseDirectory, "runtimes"))
        && Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "runtimes"), "*llama.*", SearchOption.AllDirectories).Any();

    /// <summary>The ids of a text, special tokens in it recognised.</summary>
    public int[] Tokenize(string text, bool addSpecial) =>
        [.. _context.Tokenize(text, addSpecial, special: true).Select(token => (int)token)];

    /// <summary>The logits after each token of a sequence.</summary>
    public float[][] Logits(IReadOnlyList<int> tokens)
    {
        _context.NativeHandle.MemoryClear();
        var batch = new LLamaBatch();
        int[] places = [.. tokens.Select((token, i) => batch.Add(token, i, LLamaSeqId.Zero, logits: true))];
        Assert.Equal(DecodeResult.Ok, _context.Decode(batch));
        return [.. places.Select(place => _context.NativeHandle.GetLogitsIth(place).ToArray())];
    }

    public void Dispose()
    {
        _context.Dispose();
        Weights.Dispose();
    }
}
