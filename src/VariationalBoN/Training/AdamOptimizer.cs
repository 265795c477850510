using TorchSharp;
using TorchSharp.Modules;
using VariationalBoN.Internal;
using VariationalBoN.Training;
using VariationalBoN.Weights;
using static TorchSharp.torch;

namespace VariationalBoN;

/// <summary>What <see cref="Adam"/> and <see cref="AdamW"/> share:
/// moments and steps in the order of operations of TorchSharp, so that each bit is the same.</summary>
/// <remarks>
/// TorchSharp's own optimizers free numbers while libtorch still reads them; here each number is held until
/// the call has returned. A parameter without gradient stays as it is and its step count too. Owns the
/// moments, two tensors a parameter on its device; parameters stay the caller's. Dispose of it when done.
/// Add it to <see cref="Checkpoints"/>. Not thread-safe; independent optimizers may step at the same time.
/// </remarks>
public abstract class AdamOptimizer : IDisposable
{
    private const string RateName = "learning_rate";
    private readonly AdamSettings _settings;
    private readonly AdamSlot[] _slots;
    private readonly WeightSample _sample;
    private readonly double _peak;
    private long _steps;
    private bool _checked;

    private protected AdamOptimizer(IEnumerable<Parameter> parameters, AdamSettings settings, double learningRate)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _settings = settings.Checked();
        SetLearningRate(learningRate);
        _peak = learningRate;
        Parameter[] trained = [.. parameters.Where(parameter => parameter.requires_grad)];
        if (trained.Length == 0)
            throw new ArgumentException(
                "There is no parameter that requires a gradient; give those that are to be trained.",
                nameof(parameters)
            );
        if (trained.Distinct<object>(ReferenceEqualityComparer.Instance).Count() < trained.Length)
            throw new ArgumentException("A parameter stands twice and would be stepped twice; give each once.", nameof(parameters));
        _slots = Array.ConvertAll(trained, parameter => new AdamSlot(parameter));
        _sample = new WeightSample(trained);
    }

    /// <summary>Whether steps that 16-bit weights round away are accepted; see <see cref="Step"/>.</summary>
    /// <value>Default false.</value>
    public bool AllowLostSteps { get; init; }

    /// <summary>The learning rate of the next step.</summary>
    public double LearningRate { get; private set; }

    /// <summary>What the last step did to the weights; null before the first.</summary>
    public WeightUpdate? LastUpdate => _sample.LastUpdate(_steps, [.. _slots.Select(slot => slot.Mean)]);

    /// <summary>Sets the learning rate of the next step, as a schedule gives it.</summary>
    /// <param name="learningRate">Finite, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="learningRate"/> is out of range or NaN.</exception>
    public void SetLearningRate(double learningRate)
    {
        AdamSettings.RequireFinite(learningRate, nameof(learningRate));
        LearningRate = learningRate;
    }

    /// <summary>Forgets the gradients: each parameter has none until the next backward.</summary>
    public void ZeroGrad()
    {
        foreach (AdamSlot slot in _slots)
        {
            using Tensor? gradient = slot.Parameter.grad;
            if (gradient is not null)
                slot.Parameter.grad = null;
        }
    }

    /// <summary>One step along the gradients that the parameters hold.</summary>
    /// <exception cref="InvalidOperationException">
    /// At the first step: parameters are of 16 bits, and the learning rate is below 2^-8 (bfloat16) or 2^-11 (float16) of their median
    /// magnitude, so that at least half of the steps would be rounded away; the message names both. Not with <see cref="AllowLostSteps"/>.
    /// </exception>
    public void Step()
    {
        if (!_checked && !AllowLostSteps)
            HalfPrecisionWeights.RequireSteps([.. _slots.Select(slot => slot.Parameter)], Math.Max(_peak, LearningRate), _settings.Name);
        _checked = true;
        using var noGradient = no_grad();
        _sample.Before();
        using Scalar beta1 = _settings.Beta1,
            rest1 = 1 - _settings.Beta1,
            beta2 = _settings.Beta2,
            rest2 = 1 - _settings.Beta2,
            epsilon = _settings.Epsilon,
            one = 1;
        using Scalar decay = _settings.WeightDecay,
            kept = 1 - (LearningRate * _settings.WeightDecay);
        foreach (AdamSlot slot in _slots)
        {
            using var scope = NewDisposeScope();
            if (slot.Parameter.grad is not { } gradient)
                continue;
            slot.Steps++;
            if (_settings.IsDecoupled && _settings.WeightDecay != 0)
                slot.Parameter.mul_(kept);
            else if (_settings.WeightDecay != 0)
                gradient = gradient.add(slot.Parameter, decay);
            double correction1 = 1 - Math.Pow(_settings.Beta1, slot.Steps),
                correction2 = 1 - Math.Pow(_settings.Beta2, slot.Steps);
            using Scalar root = Math.Sqrt(correction2),
                rate = -(LearningRate / correction1);
            slot.Mean.mul_(beta1).add_(gradient, rest1);
            slot.Square.mul_(beta2).addcmul_(gradient, gradient, rest2);
            slot.Parameter.addcdiv_(slot.Mean, slot.Square.sqrt().div(root).add_(epsilon, one), rate);
        }

        _steps++;
        _sample.After();
    }

    /// <summary>Writes moments, step counts, learning rate and the sample of weights as safetensors.</summary>
    internal void Save(string path)
    {
        using var scope = NewDisposeScope();
        var numbers = Numbers();
        Safetensors.Save(path, Tensors(numbers));
    }

    /// <summary>Holds a file against this optimizer: one of another optimizer, other settings or other parameters is refused.
    /// What it gives reads the file back.</summary>
    internal Action Load(string path)
    {
        using (NewDisposeScope())
        {
            var numbers = Numbers();
            Open(path, numbers);
            RequireSteps(path, numbers.Steps, numbers.Rate, Tensors(numbers));
        }

        return () =>
        {
            using var scope = NewDisposeScope();
            var numbers = Numbers();
            Open(path, numbers)();
            var steps = numbers.Steps.Elements<long>();
            for (int i = 0; i < _slots.Length; i++)
                _slots[i].Steps = steps[i];
            _steps = steps[^1];
            LearningRate = numbers.Rate.Elements<double>()[0];
            _sample.Restore(numbers.Weights);
            _checked = true;
        };
    }

    /// <summary>Disposes of the moments; parameters and gradients stay.</summary>
    public void Dispose()
    {
        foreach (AdamSlot slot in _slots)
            slot.Dispose();
        _sample.Dispose();
        GC.SuppressFinalize(this);
    }

    private (Tensor Steps, Tensor Rate, Tensor Weights) Numbers() =>
        (tensor([.. _slots.Select(slot => slot.Steps), _steps]), tensor([LearningRate]), _sample.State());

    /// <summary>Moments may be infinite: in float16 the square of a gradient of 256 is.</summary>
    private Action Open(string path, (Tensor Steps, Tensor Rate, Tensor Weights) numbers) =>
        Safetensors.Open(path, Tensors(numbers), mayBeInfinite: name => name != RateName);

    /// <summary>Refuses counts and rates that no optimizer has.</summary>
    private static void RequireSteps(string path, Tensor steps, Tensor rate, Dictionary<string, Tensor> tensors)
    {
        using (var file = new WeightFile(path))
            WeightReader.Fill([
                .. WeightMatch
                    .Match([file], tensors, new WeightNames("", "", ""))
                    .Reads.Where(read => ReferenceEquals(read.Target, steps) || ReferenceEquals(read.Target, rate)),
            ]);
        if (steps.Elements<long>().ContainsAnyInRange(long.MinValue, -1) || !(rate.Elements<double>()[0] >= 0))
            throw new InvalidDataException($"{path}: a count of steps or the learning rate is below zero.");
    }

    /// <summary>All by name; settings and element types are part of the names, so that others are refused by name.</summary>
    private Dictionary<string, Tensor> Tensors((Tensor Steps, Tensor Rate, Tensor Weights) numbers)
    {
        var tensors = new Dictionary<string, Tensor>
        {
            [$"steps of {_settings}"] = numbers.Steps,
            [RateName] = numbers.Rate,
            ["weights"] = numbers.Weights,
        };
        for (int i = 0; i < _slots.Length; i++)
        {
            tensors[$"mean.{i}.{_slots[i].Mean.dtype}"] = _slots[i].Mean;
            tensors[$"square.{i}.{_slots[i].Square.dtype}"] = _slots[i].Square;
        }

        return tensors;
    }
}
