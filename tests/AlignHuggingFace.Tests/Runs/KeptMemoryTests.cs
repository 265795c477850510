using SampleHosting;

namespace AlignHuggingFace.Tests.Runs;

/// <summary>For which models freed memory is kept.</summary>
public sealed class KeptMemoryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vbon-kept-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Memory_is_kept_for_models_of_at_most_half_a_gibibyte_and_where_there_is_none()
    {
        Assert.True(FastRuntime.KeepsMemory(null));
        Assert.True(FastRuntime.KeepsMemory(Path.Combine(_folder, "none")));
        string model = Model("one", (1L << 29) - 2);
        Assert.True(FastRuntime.KeepsMemory(model));
        File.WriteAllText(Path.Combine(model, "config.json"), "{}");
        Assert.True(FastRuntime.KeepsMemory(model));
        File.WriteAllText(Path.Combine(model, "config.json"), "{ }");
        Assert.False(FastRuntime.KeepsMemory(model));
    }

    [Fact]
    public void A_link_counts_as_what_it_points_to()
    {
        string whole = Model("whole", 1L << 30),
            linked = Directory.CreateDirectory(Path.Combine(_folder, "linked")).FullName;
        File.CreateSymbolicLink(Path.Combine(linked, "model.safetensors"), Path.Combine(whole, "model.safetensors"));

        Assert.False(FastRuntime.KeepsMemory(linked));
    }

    /// <summary>A directory whose weights have so many bytes, none of which takes space.</summary>
    private string Model(string name, long bytes)
    {
        string folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        using var file = File.Create(Path.Combine(folder, "model.safetensors"));
        file.SetLength(bytes);
        return folder;
    }
}
