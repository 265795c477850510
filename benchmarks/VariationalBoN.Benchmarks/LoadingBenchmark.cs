using BenchmarkDotNet.Attributes;
using TorchSharp;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Benchmarks;

/// <summary>Loading a directory of GPT-2-small size from a warm page cache, against reading its file into memory that is there.</summary>
[InProcess]
[IterationCount(5)]
[WarmupCount(1)]
public class LoadingBenchmark
{
    private readonly string _directory = Path.Combine(Path.GetTempPath(), $"loading-benchmark-{Guid.NewGuid():N}");
    private readonly byte[] _block = new byte[1 << 22];

    /// <summary>The element type of the file; that in memory is float32.</summary>
    [Params(torch.ScalarType.Float32, torch.ScalarType.BFloat16, torch.ScalarType.Float16)]
    public torch.ScalarType FileType { get; set; }

    /// <summary>Writes the directory.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        using var model = PretrainedCausalLm.Create(
            new Gpt2Config
            {
                VocabularySize = 50257,
                MaxLength = 1024,
                Width = 768,
                Layers = 12,
                Heads = 12,
            },
            seed: 1
        );
        model.Save(_directory, FileType);
        Console.WriteLine($"// {FileType}: {new FileInfo(Weights).Length / 1e9:F3} GB");
    }

    /// <summary>Removes it.</summary>
    [GlobalCleanup]
    public void CleanUp() => Directory.Delete(_directory, recursive: true);

    /// <summary>The bytes of the file, block by block.</summary>
    [Benchmark(Baseline = true)]
    public long ReadFile()
    {
        using var handle = File.OpenHandle(Weights);
        long total = 0;
        for (int count; (count = RandomAccess.Read(handle, _block, total)) > 0; )
            total += count;
        return total;
    }

    /// <summary>The whole: configuration, new parameters, their values.</summary>
    [Benchmark]
    public void Load()
    {
        using var model = PretrainedCausalLm.Load(_directory);
    }

    private string Weights => Path.Combine(_directory, "model.safetensors");
}
