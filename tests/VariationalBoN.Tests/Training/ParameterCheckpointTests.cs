using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Training;

/// <summary>Some parameters of a model as a part of checkpoints:
/// what was saved comes back, what does not fit is refused and changes nothing.</summary>
[Trait("Tier", "torch")]
public sealed class ParameterCheckpointTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("parameters-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_trains_comes_back_and_the_rest_is_not_written()
    {
        using var saved = Layer(1);
        using var loaded = Layer(2);
        saved.weight.requires_grad = loaded.weight.requires_grad = false;
        float[] weight = Values(loaded.weight);
        using (var checkpoints = new Checkpoints(_folder).Add("adapters", Trained(saved)))
            checkpoints.Save(3);
        Assert.True(new FileInfo(Path.Combine(_folder, "step-00000003", "adapters.safetensors")).Length < 200);

        using (var checkpoints = new Checkpoints(_folder).Add("adapters", Trained(loaded)))
            Assert.Equal(3, checkpoints.Restore());

        Assert.Equal(Values(saved.bias!), Values(loaded.bias!));
        Assert.Equal(weight, Values(loaded.weight));
    }

    [Theory]
    [InlineData("name", "first.bias")]
    [InlineData("missing", "more")]
    [InlineData("shape", "[3]")]
    [InlineData("type", "Float64")]
    public void Other_parameters_are_refused_and_nothing_is_changed(string difference, string named)
    {
        using var saved = Layer(1);
        using var loaded = Layer(2, difference == "shape" ? 4 : 3);
        using var other = Layer(3);
        using var more = new Parameter(zeros(2));
        if (difference == "type")
            loaded.to(ScalarType.Float64);
        (string name, Parameter parameter)[] parameters = [.. loaded.named_parameters()];
        parameters = difference switch
        {
            "name" => [.. parameters.Select(pair => ($"first.{pair.name}", pair.parameter))],
            "missing" => [.. parameters, ("more", more)],
            _ => parameters,
        };
        using (var checkpoints = new Checkpoints(_folder).Add("before", saved).Add("adapters", saved.named_parameters()))
            checkpoints.Save(1);
        double[] before = [.. loaded.parameters().SelectMany(Doubles)],
            otherBefore = [.. other.parameters().SelectMany(Doubles)];

        using var again = new Checkpoints(_folder).Add("before", other).Add("adapters", parameters);
        string message = Assert.Throws<InvalidDataException>(() => again.Restore()).Message;

        Assert.Contains("adapters.safetensors", message, StringComparison.Ordinal);
        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.Equal(before, loaded.parameters().SelectMany(Doubles));
        Assert.Equal(otherBefore, other.parameters().SelectMany(Doubles)); // the part before it was not restored either
    }

    [Fact]
    public void A_part_needs_parameters_of_different_names()
    {
        using var layer = Layer(1);
        using var checkpoints = new Checkpoints(_folder);

        Assert.Contains(
            "no parameter",
            Assert.Throws<ArgumentException>(() => checkpoints.Add("a", Array.Empty<(string, Parameter)>())).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "\"w\" stands twice",
            Assert.Throws<ArgumentException>(() => checkpoints.Add("a", [("w", layer.weight), ("w", layer.bias!)])).Message,
            StringComparison.Ordinal
        );
    }

    private static IEnumerable<(string name, Parameter parameter)> Trained(nn.Module model) =>
        model.named_parameters().Where(pair => pair.parameter.requires_grad);

    private static Linear Layer(int seed, int outputs = 3)
    {
        var layer = nn.Linear(2, outputs);
        using var noGradient = no_grad();
        using var generator = new Generator((ulong)seed);
        layer.weight.copy_(rand([outputs, 2], generator: generator));
        layer.bias!.copy_(rand([outputs], generator: generator));
        return layer;
    }

    private static float[] Values(Tensor tensor) => tensor.data<float>().ToArray();

    private static IEnumerable<double> Doubles(Tensor tensor) => tensor.detach().to(ScalarType.Float64).data<double>().ToArray();
}
