using VariationalBoN.Internal;
using VariationalBoN.Policies;
using VariationalBoN.Transformers;
using VariationalBoN.Transformers.Lora;
using VariationalBoN.Transformers.Pretrained;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Weights;

/// <summary>Weights on the pages of their files: the same numbers, shared until they are trained,
/// and safe from what happens to the name of the file.</summary>
[Trait("Tier", "torch")]
public sealed class MappedWeightsTests : IDisposable
{
    private static readonly PretrainedOptions s_read = new() { MapWeights = false };
    private readonly string _folder = Directory.CreateTempSubdirectory("mapped").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("gpt2", ScalarType.Float32, true)]
    [InlineData("gpt2", ScalarType.BFloat16, false)]
    [InlineData("gpt2-bf16", ScalarType.BFloat16, true)]
    [InlineData("gpt2-bf16", ScalarType.Float32, false)]
    [InlineData("llama-sharded-bf16", ScalarType.BFloat16, true)]
    [InlineData("gpt2-pytorch-bin", ScalarType.Float32, false)]
    public void Mapped_weights_are_those_that_are_read(string name, ScalarType type, bool canMap)
    {
        using var mapped = PretrainedCausalLm.Load(Golden(name), new PretrainedOptions { ElementType = type });
        using var read = PretrainedCausalLm.Load(Golden(name), s_read with { ElementType = type });
        Assert.Equal(ModuleFingerprint.Of(read.Model), ModuleFingerprint.Of(mapped.Model));
        Assert.All(
            mapped.Model.state_dict(),
            pair => Assert.Equal(read.Model.state_dict()[pair.Key].bytes.ToArray(), pair.Value.bytes.ToArray())
        );
        Assert.All(mapped.Model.parameters(), parameter => Assert.True(parameter.requires_grad));
        if (OperatingSystem.IsLinux())
        {
            Assert.All(mapped.Model.parameters(), parameter => Assert.Equal(canMap, IsOnFile(parameter)));
            Assert.All(read.Model.parameters(), parameter => Assert.False(IsOnFile(parameter)));
        }
    }

    [Fact]
    public void Weight_that_is_trained_leaves_the_file_and_every_other_model_as_they_are()
    {
        string directory = Copy("gpt2");
        byte[] before = File.ReadAllBytes(Weights(directory));
        using var model = PretrainedCausalLm.Load(directory);
        using var other = PretrainedCausalLm.Load(directory);
        using var read = PretrainedCausalLm.Load(directory, s_read);
        var identity = ModuleFingerprint.Of(model.Model);
        foreach (var trained in new[] { model, read })
            Train(trained);
        Assert.Equal(before, File.ReadAllBytes(Weights(directory)));
        Assert.Equal(identity, ModuleFingerprint.Of(other.Model));
        Assert.NotEqual(identity, ModuleFingerprint.Of(model.Model));
        Assert.Equal(ModuleFingerprint.Of(read.Model), ModuleFingerprint.Of(model.Model)); // the very same steps
    }

    [Fact]
    public void One_changed_number_changes_the_identity_of_mapped_weights()
    {
        using var model = PretrainedCausalLm.Load(Golden("gpt2"));
        var identity = ModuleFingerprint.Of(model.Model);
        using (no_grad())
            model.Model.parameters().Last().view(-1).narrow(0, 0, 1).neg_();
        Assert.NotEqual(identity, ModuleFingerprint.Of(model.Model));
    }

    [Fact]
    public void File_that_is_replaced_by_rename_leaves_mapped_weights_as_they_were()
    {
        string directory = Copy("gpt2");
        using var mapped = PretrainedCausalLm.Load(directory);
        using var trained = PretrainedCausalLm.Load(directory);
        var identity = ModuleFingerprint.Of(mapped.Model);
        byte[][] values = [.. mapped.Model.parameters().Select(parameter => parameter.bytes.ToArray())];
        Train(trained);
        trained.Save(directory); // over the file that both stand on
        Assert.Equal(values, mapped.Model.parameters().Select(parameter => parameter.bytes.ToArray()));
        Assert.Equal(identity, ModuleFingerprint.Of(mapped.Model));
        using var again = PretrainedCausalLm.Load(directory);
        Assert.Equal(ModuleFingerprint.Of(trained.Model), ModuleFingerprint.Of(again.Model));
        Assert.NotEqual(identity, ModuleFingerprint.Of(again.Model));
        using var pair = mapped.WithReference(); // whose file has another content by now
        Assert.Equal(pair.Policy.Identity, pair.Reference.Identity);
        File.Delete(Weights(directory));
        Assert.Equal(identity, ModuleFingerprint.Of(mapped.Model));
    }

    [Fact]
    public void File_that_is_written_in_place_has_another_identity()
    {
        string directory = Copy("gpt2");
        using var model = PretrainedCausalLm.Load(directory);
        var identity = ModuleFingerprint.Of(model.Model);
        using (var file = new FileStream(Weights(directory), FileMode.Open, FileAccess.ReadWrite))
        {
            file.Seek(-1, SeekOrigin.End);
            int last = file.ReadByte();
            file.Seek(-1, SeekOrigin.End);
            file.WriteByte((byte)(last ^ 0x80));
        }

        if (OperatingSystem.IsLinux())
            Assert.NotEqual(identity, ModuleFingerprint.Of(model.Model));
        using var again = PretrainedCausalLm.Load(directory);
        Assert.NotEqual(identity, ModuleFingerprint.Of(again.Model));
    }

    [Fact]
    public void Reference_stands_on_the_pages_of_the_policy_until_that_trains()
    {
        using var model = PretrainedCausalLm.Load(Golden("gpt2"));
        using var pair = model.WithReference();
        var (policy, reference) = (pair.Policy.Model.Module.state_dict(), pair.Reference.Model.Module.state_dict());
        Assert.All(policy, weight => Assert.NotEqual(TensorMemory.Of(weight.Value), TensorMemory.Of(reference[weight.Key])));
        if (OperatingSystem.IsLinux())
            Assert.All(policy.Values.Concat(reference.Values), weight => Assert.True(IsOnFile(weight)));
        var identity = pair.Reference.Identity;
        Train(model);
        Assert.Equal(identity, pair.Reference.Identity);
        Assert.NotEqual(identity, pair.Policy.Identity);
    }

    [Fact]
    public void Reference_shares_through_a_link_and_not_with_a_file_that_is_gone()
    {
        string directory = Copy("gpt2");
        File.Move(Weights(directory), Path.Combine(directory, "blob"));
        File.CreateSymbolicLink(Weights(directory), "blob");
        using var model = PretrainedCausalLm.Load(directory);
        using (var pair = model.WithReference())
        {
            if (OperatingSystem.IsLinux())
                Assert.All(pair.Reference.Model.Module.parameters(), weight => Assert.True(IsOnFile(weight)));
        }

        File.Delete(Path.Combine(directory, "blob"));
        using var alone = model.WithReference();
        Assert.Equal(alone.Policy.Identity, alone.Reference.Identity);
        if (OperatingSystem.IsLinux())
            Assert.All(alone.Reference.Model.Module.parameters(), weight => Assert.False(IsOnFile(weight)));
    }

    [Fact]
    public void Reference_of_a_file_of_this_moment_stands_on_its_pages_and_its_identity_is_kept_later()
    {
        string directory = Path.Combine(_folder, "young");
        using (var saved = PretrainedCausalLm.Load(Golden("gpt2")))
            saved.Save(directory);
        using var model = PretrainedCausalLm.Load(directory);
        using var pair = model.WithReference();
        var (policy, reference) = (pair.Policy.Model.Module, pair.Reference.Model.Module);
        Assert.Equal(pair.Policy.Identity, pair.Reference.Identity);
        if (!OperatingSystem.IsLinux())
            return;
        Assert.All(reference.state_dict().Values, weight => Assert.True(IsOnFile(weight)));
        Thread.Sleep(2100); // until no later write could have the same stamp
        foreach (var module in new[] { policy, reference })
        {
            var identity = ModuleFingerprint.Of(module);
            var known = MappedTensors.Unchanged(module, module.state_dict());
            Assert.Equal(module.state_dict().Count, known.Count);
            Assert.All(known.Values, mapped => Assert.NotNull(mapped.Digest));
            Assert.Equal(identity, ModuleFingerprint.Of(module));
        }

        Train(model);
        Assert.NotEqual(pair.Policy.Identity, pair.Reference.Identity);
    }

    [Fact]
    public void Reference_of_a_file_of_this_moment_has_what_was_changed_in_memory()
    {
        using var model = PretrainedCausalLm.Load(Copy("gpt2"));
        using (no_grad())
            model.Model.parameters().First().neg_();
        using var pair = model.WithReference();
        Assert.Equal(pair.Policy.Identity, pair.Reference.Identity);
        var weights = pair.Reference.Model.Module.parameters().ToList();
        if (OperatingSystem.IsLinux())
            Assert.Equal(weights.Skip(1), weights.Where(IsOnFile));
    }

    [Fact]
    public void Adapted_model_knows_the_digests_of_the_weights_that_it_stands_on()
    {
        using var model = PretrainedCausalLm.Load(Golden("gpt2"));
        using var read = PretrainedCausalLm.Load(Golden("gpt2"), s_read);
        using var adapted = model.Model.WithLora();
        using var plain = read.Model.WithLora();
        Assert.Equal(ModuleFingerprint.Of(plain), ModuleFingerprint.Of(adapted));
        if (OperatingSystem.IsLinux())
            Assert.Equal(model.Model.state_dict().Count, MappedTensors.Unchanged(adapted, adapted.state_dict()).Count);
    }

    [Fact]
    public void Reference_of_a_model_that_was_trained_already_has_the_trained_weights()
    {
        using var model = PretrainedCausalLm.Load(Golden("gpt2"));
        using (no_grad())
            model.Model.parameters().First().neg_(); // the others still are the file's
        using var pair = model.WithReference();
        Assert.Equal(pair.Policy.Identity, pair.Reference.Identity);
    }

    [Fact]
    public void Weights_that_begin_between_two_elements_are_read()
    {
        string directory = Copy("gpt2");
        byte[] file = File.ReadAllBytes(Weights(directory));
        int header = (int)BitConverter.ToUInt64(file);
        byte[] shifted = [.. BitConverter.GetBytes((ulong)header + 1), .. file.AsSpan(8, header), (byte)' ', .. file.AsSpan(8 + header)];
        File.WriteAllBytes(Weights(directory), shifted);
        using var model = PretrainedCausalLm.Load(directory);
        using var original = PretrainedCausalLm.Load(Golden("gpt2"));
        Assert.Equal(ModuleFingerprint.Of(original.Model), ModuleFingerprint.Of(model.Model));
        Assert.All(model.Model.parameters(), parameter => Assert.False(IsOnFile(parameter)));
    }

    private static bool IsOnFile(Tensor tensor) => PageMap.IsUnwritten(TensorMemory.AddressOf(tensor), tensor.numel() * tensor.ElementSize);

    private static string Golden(string name) => Path.Combine(AppContext.BaseDirectory, "Golden", "hf", name);

    private static string Weights(string directory) => Path.Combine(directory, "model.safetensors");

    /// <summary>A step on every weight, the same for the same weights.</summary>
    private static void Train(PretrainedCausalLm model)
    {
        using var scope = NewDisposeScope();
        using var adam = new AdamW(model.Model.parameters(), learningRate: 0.01);
        var tokens = tensor(new long[] { 1, 2, 3, 4 }, [1, 4]);
        model.Model.forward(tokens).logsumexp(-1).sum().backward();
        adam.Step();
    }

    private string Copy(string name)
    {
        string directory = Path.Combine(_folder, name);
        Directory.CreateDirectory(directory);
        foreach (string file in Directory.GetFiles(Golden(name)))
            File.Copy(file, Path.Combine(directory, Path.GetFileName(file)));
        return directory;
    }
}
