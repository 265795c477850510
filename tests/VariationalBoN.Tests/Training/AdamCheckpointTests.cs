using TorchSharp;
using VariationalBoN.Training;
using VariationalBoN.Transformers.Decoders;
using static TorchSharp.torch;

namespace VariationalBoN.Tests.Training;

/// <summary>Optimizers of this library in checkpoints: a run that goes on has the bits of one that was never stopped;
/// another optimizer's state is refused.</summary>
[Trait("Tier", "torch")]
public sealed class AdamCheckpointTests : IDisposable
{
    private static readonly Gpt2Config s_config = new()
    {
        VocabularySize = 7,
        MaxLength = 8,
        Width = 8,
        Layers = 1,
        Heads = 2,
    };
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
            checkpoints.Add("model", run.Model); // comes first, and must stay as it is
            add(checkpoints);
            var error = Assert.Throws<InvalidDataException>(() => checkpoints.Restore());
            Assert.Contains(named, error.Message, StringComparison.Ordinal);
            Assert.Contains("optimizer.safetensors", error.Message, StringComparison.Ordinal);
            Assert.Equal(before, run.Bytes());
        }
    }

    [Fact]
    public void A_module_that_does_not_fit_leaves_what_was_added_before_it_as_it_is()
    {
        using (var run = new Run())
        using (var checkpoints = run.Checkpoints(_folder))
        {
            run.Steps(0, 2);
            checkpoints.Save(2);
        }

        using var second = new Run();
        using var wider = new Gpt2(s_config with { Width = 16 }, seed: 1);
        byte[] before = second.Bytes();
        using var others = new Checkpoints(_folder);
        others.Add("optimizer", second.Adam).Add("model", wider);
        Assert.Contains("model.safetensors", Assert.Throws<InvalidDataException>(() => others.Restore()).Message, StringComparison.Ordinal);
        Assert.Equal((0.01, (WeightUpdate?)null), (second.Adam.LearningRate, second.Adam.LastUpdate));
        Assert.Equal(before, second.Bytes());
    }

    [Fact]
    public void A_module_that_was_saved_with_NaN_is_refused_and_nothing_is_changed()
    {
        using (var run = new Run())
        using (var checkpoints = run.Checkpoints(_folder))
        {
            run.Steps(0, 2);
            using (no_grad())
                run.Model.parameters().Last().fill_(double.NaN);
            checkpoints.Save(2);
        }

        using var second = new Run();
        byte[] before = second.Bytes();
        using var again = new Checkpoints(_folder);
        again.Add("optimizer", second.Adam).Add("model", second.Model);
        Assert.Contains("NaN", Assert.Throws<InvalidDataException>(() => again.Restore()).Message, StringComparison.Ordinal);
        Assert.Equal(before, second.Bytes());
        Assert.Null(second.Adam.LastUpdate);
    }

    [Fact]
    public void Moments_that_overflowed_in_float16_come_back()
    {
        using var weights = new TorchSharp.Modules.Parameter(ones(3, ScalarType.Float16));
        using (var adam = new AdamW([weights], learningRate: 0.01))
        using (var checkpoints = new Checkpoints(_folder).Add("optimizer", adam))
        {
            weights.grad = full_like(weights, 10_000); // its square is infinite
            adam.Step();
            checkpoints.Save(1);
        }

        using var second = new AdamW([weights], learningRate: 1);
        using var again = new Checkpoints(_folder).Add("optimizer", second);
        Assert.Equal(1, again.Restore());
        Assert.Equal((0.01, 1L), (second.LearningRate, second.LastUpdate!.Steps));
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
            Adam.Dispose();
            Model.Dispose();
        }
    }
}
