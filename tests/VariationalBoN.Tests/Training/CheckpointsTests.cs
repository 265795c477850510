using TorchSharp;
using VariationalBoN.Training;
using VariationalBoN.Transformers.Decoders;

namespace VariationalBoN.Tests.Training;

[Trait("Tier", "torch")]
[Collection("Optimizers")]
public sealed class CheckpointsTests : IDisposable
{
    private static readonly Gpt2Config s_config = new()
    {
        VocabularySize = 7,
        MaxLength = 8,
        Width = 8,
        Layers = 1,
        Heads = 2,
        Activation = "relu",
    };
    private readonly string _folder = Directory.CreateTempSubdirectory("checkpoints-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("Adam")]
    [InlineData("AdamW")]
    [InlineData("SGD")]
    public void A_run_that_goes_on_in_fresh_objects_has_the_bits_of_one_that_was_never_stopped(string kind)
    {
        using var whole = new Run(kind);
        whole.Steps(0, 12);

        using (var first = new Run(kind))
        using (var checkpoints = first.Checkpoints(_folder))
        {
            Assert.Equal(0, checkpoints.Restore());
            first.Steps(0, 5);
            checkpoints.Save(5);
            first.Steps(5, 7); // lost by the kill
        }

        using var second = new Run(kind);
        using var again = second.Checkpoints(_folder);
        Assert.Equal(5, again.Restore());
        second.Steps(5, 12);

        Assert.Equal(whole.Bytes(), second.Bytes());
    }

    [Fact]
    public void The_latest_and_the_best_are_kept()
    {
        using var run = new Run("Adam");
        using var checkpoints = run.Checkpoints(_folder, new CheckpointOptions { KeepLast = 2, BestBy = "reward" });
        foreach ((long step, double reward) in new[] { (1L, 0.5), (2, 3), (3, 1), (4, 3), (5, 2) })
            checkpoints.Save(step, new Dictionary<string, double> { ["reward"] = reward });

        Assert.Equal([2, 4, 5], checkpoints.All.Select(checkpoint => checkpoint.Step));
        Assert.Equal(2, checkpoints.Best!.Step); // the earlier one among equals
        Assert.Equal(2, checkpoints.Restore(checkpoints.Best));
    }

    [Fact]
    public void The_best_by_a_loss_is_the_lowest()
    {
        using var run = new Run("Adam");
        using var checkpoints = run.Checkpoints(
            _folder,
            new CheckpointOptions
            {
                KeepLast = 1,
                BestBy = "loss",
                HigherIsBetter = false,
            }
        );
        foreach ((long step, double loss) in new[] { (1L, 3.0), (2, 0.5), (3, 1), (4, 0.5), (5, 2) })
            checkpoints.Save(step, new Dictionary<string, double> { ["loss"] = loss });

        Assert.Equal([2, 5], checkpoints.All.Select(checkpoint => checkpoint.Step));
        Assert.Equal((2, 0.5), (checkpoints.Best!.Step, checkpoints.Best.Metrics["loss"]));
    }

    [Fact]
    public void Saving_a_step_again_replaces_it()
    {
        using var run = new Run("Adam");
        using var checkpoints = run.Checkpoints(_folder);
        checkpoints.Save(3);
        run.Steps(0, 2);
        checkpoints.Save(3);

        Assert.Equal([3], checkpoints.All.Select(checkpoint => checkpoint.Step));
        using var other = new Run("Adam");
        checkpoints.Dispose();
        using var reader = other.Checkpoints(_folder);
        reader.Restore();
        Assert.Equal(run.Bytes(), other.Bytes());
    }

    [Fact]
    public void Leftovers_of_a_kill_are_put_right()
    {
        using (var run = new Run("Adam"))
        using (var checkpoints = run.Checkpoints(_folder))
        {
            checkpoints.Save(1);
            checkpoints.Save(2);
        }

        Directory.CreateDirectory(Path.Combine(_folder, ".new-step-00000003")); // killed while writing
        Directory.Move(Path.Combine(_folder, "step-00000002"), Path.Combine(_folder, ".old-step-00000002")); // between the two renames
        using var next = new Run("Adam");
        using var again = next.Checkpoints(_folder);

        Assert.Equal([1, 2], again.All.Select(checkpoint => checkpoint.Step));
        Assert.Equal(2, again.Restore());
        Assert.Empty(Directory.EnumerateDirectories(_folder, ".*"));
    }

    [Fact]
    public void A_failed_save_leaves_the_checkpoints_before_it()
    {
        bool full = false;
        using var run = new Run("Adam");
        using var checkpoints = run.Checkpoints(_folder).Add("full", stream => Fill(), _ => { });
        checkpoints.Save(1);
        full = true;

        Assert.Throws<IOException>(() => checkpoints.Save(2));
        Assert.Throws<IOException>(() => checkpoints.Save(1)); // also where it would have replaced one
        Assert.Equal([1], checkpoints.All.Select(checkpoint => checkpoint.Step));
        Assert.Empty(Directory.EnumerateDirectories(_folder, ".*"));

        void Fill()
        {
            if (full)
                throw new IOException("No space left on device");
        }
    }

    [Fact]
    public void Two_writers_are_told_apart()
    {
        using var run = new Run("Adam");
        using var first = run.Checkpoints(_folder);

        var refused = Assert.Throws<IOException>(() => run.Checkpoints(_folder));

        Assert.Contains("another process", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lock_that_cannot_be_opened_for_another_reason_is_not_taken_for_a_writer()
    {
        string file = Path.Combine(_folder, ".lock");
        File.CreateSymbolicLink(file, file); // a loop

        var refused = Assert.Throws<IOException>(() => new Checkpoints(_folder));

        Assert.DoesNotContain("another process", refused.Message, StringComparison.Ordinal);
        Assert.Contains(file, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_configuration_is_refused_by_the_name_of_what_differs()
    {
        using var run = new Run("Adam");
        using (var checkpoints = run.Checkpoints(_folder, configuration: new { rate = 0.1, model = new { width = 8 } }))
            checkpoints.Save(1);

        using var other = run.Checkpoints(_folder, configuration: new { rate = 0.1, model = new { width = 16 } });
        var refused = Assert.Throws<InvalidOperationException>(() => other.Restore());

        Assert.Contains("model.width was 8, here it is 16", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("rate", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Other_parts_are_refused_by_name()
    {
        using var run = new Run("Adam");
        using (var checkpoints = run.Checkpoints(_folder))
            checkpoints.Save(1);

        using var other = new Checkpoints(_folder);
        Assert.Contains(
            "model.safetensors",
            Assert.Throws<InvalidOperationException>(() => other.Restore()).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("optimizer.bin")]
    [InlineData("checkpoint.json")]
    public void A_damaged_file_is_named_and_nothing_is_changed(string name)
    {
        using var run = new Run("Adam");
        using (var checkpoints = run.Checkpoints(_folder))
            checkpoints.Save(1);
        string path = Path.Combine(_folder, "step-00000001", name);
        byte[] bytes = File.ReadAllBytes(path);
        bytes[bytes.Length / 2] ^= 0x40;
        File.WriteAllBytes(path, name == "checkpoint.json" ? bytes[..(bytes.Length / 2)] : bytes);
        run.Steps(1, 3);
        byte[] before = run.Bytes();

        using var again = run.Checkpoints(_folder);
        var refused = Assert.Throws<InvalidDataException>(() => again.Restore());

        Assert.Contains(path, refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, run.Bytes());
    }

    [Fact]
    public void Bad_arguments_are_named()
    {
        using var run = new Run("Adam");
        using var checkpoints = run.Checkpoints(_folder, new CheckpointOptions { BestBy = "reward" });

        Assert.Contains(
            "KeepLast is 0",
            Assert.Throws<ArgumentException>(() => new Checkpoints(_folder, options: new CheckpointOptions { KeepLast = 0 })).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<ArgumentException>(() => checkpoints.Add("model", run.Model));
        Assert.Throws<ArgumentException>(() => checkpoints.Add("a/b", run.Model));
        Assert.Throws<ArgumentOutOfRangeException>(() => checkpoints.Save(-1));
        Assert.Contains("\"reward\"", Assert.Throws<ArgumentException>(() => checkpoints.Save(1)).Message, StringComparison.Ordinal);
    }

    /// <summary>A model that learns by heart; everything a checkpoint has to hold.</summary>
    private sealed class Run(string kind) : IDisposable
    {
        private readonly torch.Generator _generator = new(4);
        private TorchSharp.Modules.OptimizerHelper? _optimizer;

        public Gpt2 Model { get; } = new(s_config, seed: 1);

        private TorchSharp.Modules.OptimizerHelper Optimizer =>
            _optimizer ??= kind switch
            {
                "Adam" => torch.optim.Adam(Model.parameters(), lr: 0.01),
                "AdamW" => torch.optim.AdamW(Model.parameters(), lr: 0.01, weight_decay: 0.1),
                _ => torch.optim.SGD(Model.parameters(), learningRate: 0.1, momentum: 0.9),
            };
#pragma warning disable CS0618 // the overload for torch.optim is what is tested

        public Checkpoints Checkpoints(string folder, CheckpointOptions? options = null, object? configuration = null) =>
            new Checkpoints(folder, configuration, options).Add("model", Model).Add("optimizer", Optimizer).Add("generator", _generator);
#pragma warning restore CS0618

        public void Steps(int from, int to)
        {
            for (int step = from; step < to; step++)
            {
                using var scope = torch.NewDisposeScope();
                Optimizer.ParamGroups.First().LearningRate = 0.01 / (step + 1);
                var tokens = torch.randint(0, 7, [3, 8], dtype: torch.int64, generator: _generator);
                var loss = torch.nn.functional.cross_entropy(
                    Model.forward(tokens.narrow(1, 0, 7)).view(-1, 7),
                    tokens.narrow(1, 1, 7).reshape(-1)
                );
                Model.zero_grad();
                loss.backward();
                Optimizer.step();
            }
        }

        public byte[] Bytes()
        {
            using var scope = torch.NewDisposeScope();
            return
            [
                .. Model
                    .state_dict()
                    .OrderBy(pair => pair.Key, StringComparer.Ordinal)
                    .SelectMany(pair => pair.Value.detach().contiguous().bytes.ToArray()),
            ];
        }

        public void Dispose()
        {
            Model.Dispose();
            _optimizer?.Dispose();
            _generator.Dispose();
        }
    }
}
