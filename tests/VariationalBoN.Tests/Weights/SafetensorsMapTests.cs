using TorchSharp;
using VariationalBoN.Weights;

namespace VariationalBoN.Tests.Weights;

/// <summary>Named tensors over the pages of a file, as the workers of one machine have published weights.</summary>
[Trait("Tier", "torch")]
public sealed class SafetensorsMapTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vbon-map-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Mapped_tensors_have_the_values_of_the_file_and_writing_to_them_leaves_it_as_it_is()
    {
        string path = Path.Combine(_folder, "weights.safetensors");
        using var scope = torch.NewDisposeScope();
        var (single, wide) = (torch.arange(6, torch.float32).view(2, 3), torch.arange(4, torch.float64));
        Safetensors.Save(path, new Dictionary<string, torch.Tensor> { ["single"] = single, ["wide"] = wide });
        byte[] file = File.ReadAllBytes(path);
        // the latter is converted, so read
        var targets = new Dictionary<string, torch.Tensor> { ["single"] = torch.zeros(2, 3), ["wide"] = torch.zeros(4) };

        Safetensors.Map(path, targets);
        File.Delete(path);

        Assert.Equal(single.data<float>().ToArray(), targets["single"].data<float>().ToArray());
        Assert.Equal([0f, 1f, 2f, 3f], targets["wide"].data<float>().ToArray());
        File.WriteAllBytes(path, file);
        Safetensors.Map(path, targets);
        targets["single"].fill_(7);
        Assert.Equal(file, File.ReadAllBytes(path));
    }

    [Fact]
    public void What_does_not_fit_is_refused_and_leaves_the_tensors_as_they_are()
    {
        string path = Path.Combine(_folder, "weights.safetensors");
        using var scope = torch.NewDisposeScope();
        Safetensors.Save(path, new Dictionary<string, torch.Tensor> { ["a"] = torch.ones(2), ["b"] = torch.full([1], float.NaN) });
        var targets = new Dictionary<string, torch.Tensor> { ["a"] = torch.zeros(2), ["b"] = torch.zeros(1) };

        Assert.Contains("b", Assert.Throws<InvalidDataException>(() => Safetensors.Map(path, targets)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "c",
            Assert
                .Throws<InvalidDataException>(() =>
                    Safetensors.Map(path, new Dictionary<string, torch.Tensor> { ["a"] = targets["a"], ["c"] = targets["b"] })
                )
                .Message,
            StringComparison.Ordinal
        );

        Assert.Equal([0f, 0f], targets["a"].data<float>().ToArray());
    }
}
