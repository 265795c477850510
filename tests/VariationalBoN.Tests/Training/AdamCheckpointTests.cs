using TorchSharp;
using VariationalBoN.Training;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Training;

/// <summary>Optimizers of this library in checkpoints: a run that goes on has the bits of one that was never stopped; another optimizer's
/// state is refused.</summary>
[Trait("Tier", "torch")]
public sealed class AdamCheckpointTests : IDisposable
{
    private static readonly Gpt2Config s_config = new() { VocabularySize = 7, MaxLength = 8, Width = 8, Layers = 1, Heads = 2 };
    private readonly string _folder = Path.Combine(Directory.CreateTempSubdirectory("adam-").FullName, "run");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);

    [Fact]
    public void A_run_that_goes_on_has_the_bits_of_one_that_was_not_stopped()
    {
        using var whole = new Run();
        whole.Steps(0, 9);
        WeightUpdate update;
        using (var first = new Run())
        using (var checkpoints = first.Checkpoints(_folder))
        {
            first.Steps(0, 4);
            update = first.Adam.LastUpdate!;
            checkpoints.Save(4);
        }

        using var second = new Run();
        using (var checkpoints = second.Checkpoints(_folder))
        {
            second.Steps(0, 2); // what is restored does not depend on what was there
            Assert.Equal(4, checkpoints.Restore());
        }

        Assert.Equal(0.01 / 4, second.Adam.LearningRate);
        Assert.Equal(update, second.Adam.LastUpdate); // so that the metrics of the next step are the same
        second.Steps(4, 9);
        Assert.Equal(whole.Bytes(), second.Bytes());
        Assert.Equal(whole.Adam.LastUpdate, second.Adam.LastUpdate);
        Assert.Equal(9, second.Adam.LastUpdate!.Steps);
    }

    [Fact]
    public void Another_optimizer_other_settings_and_other_parameters_are_refused_and_nothing_is_changed()
    {
        using (var run = new Run())
        using (var checkpoints = run.Checkpoints(_folder))
        {
            run.Steps(0, 2);
            checkpoints.Save(2);
        }

        using var model = new Gpt2(s_config, seed: 1);
        using var adam = new Adam(model.parameters(), 0.01, weightDecay: 0.1);
        Refused("Adam with", checkpoints => checkpoints.Add("optimizer", adam));
        using var other = new AdamW(model.parameters(), 0.01, weightDecay: 0.2);
        Refused("weight decay 0.2", checkpoints => checkpoints.Add("optimizer", other));
        using var fewer = new AdamW(model.parameters().Skip(1), 0.01, weightDecay: 0.1);
        Refused("mean.", checkpoints => checkpoints.Add("optimizer", fewer));
        using var half = new Gpt2(s_config, seed: 1);
        half.to(ScalarType.BFloat16);
        using var sixteen = new AdamW(half.parameters(), 0.01, weightDecay: 0.1);
        Refused("BFloat16", checkpoints => checkpoints.Add("optimizer", sixteen));

        void Refused(string named, Action<Checkpoints> add)
        {
            using var run = new Run();
            byte[] before = run.Bytes();
            using var checkpoints = new Checkpoints(_folder);
            add(checkpoints);
            checkpoints.Add("model", run.Model);
            var error = Assert.Throws<InvalidDataException>(() => checkpoints.Restore());
            Assert.Contains(named, error.Message, StringComparison.Ordinal);
            Assert.Contains("optimizer.safetensors", error.Message, StringComparison.Ordinal);
            Assert.Equal(before, run.Bytes());
        }
    }

    private sealed class Run : IDisposable
    {
        public Run() => Adam = new AdamW(Model.parameters(), learningRate: 0.01, weightDecay: 0.1);

        public Gpt2 Model { get; } = new(s_config, seed: 1);

        public AdamW Adam { get; }

        public Checkpoints Checkpoints(string folder) => new Checkpoints(folder).Add("model", Model).Add("optimizer", Adam);

        public void Steps(int from, int to)
        {
            for (int step = from; step < to; step++)
            {
                using var scope = NewDisposeScope();
                Adam.SetLearningRate(0.01 / (step + 1));
                Adam.ZeroGrad();
                Model.forward(tensor(new long[] { 1, 2, 3, step % 7 }, [1, 4])).log_softmax(-1).mean().backward();
                Adam.Step();
            }
        }

        public byte[] Bytes()
        {
            using var scope = NewDisposeScope();
            return [.. Model.state_dict().OrderBy(pair => pair.Key, StringComparer.Ordinal)
                .SelectMany(pair => pair.Value.detach().contiguous().bytes.ToArray())];
        }

        public void Dispose()
        {
            Adam.Dispose();
            Model.Dispose();
        }
    }
}
