using System.Collections.Immutable;
using TorchSharp;
using TorchSharp.Modules;
using VariationalBoN.Internal;

namespace VariationalBoN.Training;

/// <summary>Adds the gradients of the parts of one batch to those that parameters hold, as they arrive but in the order of the parts: the
/// bits of <see cref="GradientAccumulation.Backward"/>. Not thread-safe.</summary>
/// <remarks>
/// A part that comes early is held until those before it have come, so that memory is bounded where parts are asked for in their order.
/// Equal to the last bit where the parts were computed under one <see cref="TorchRuntime.Execution"/>.
/// Disposed of before all parts have come, it leaves the gradients as they were.
/// </remarks>
public sealed class GradientSum : IDisposable
{
    private readonly IReadOnlyList<Parameter> _parameters;
    private readonly IReadOnlyList<BatchPart> _parts;
    private readonly string _weights;
    private readonly Dictionary<int, GradientPart> _early = [];
    private readonly torch.Tensor?[] _before;
    private readonly double[] _logProb;
    private double _value;
    private bool _isDisposed;

    /// <summary>Creates an empty sum, to which the parts are added.</summary>
    /// <param name="parameters">What is trained: those, or equal ones, that the parts are computed with, in their order.</param>
    /// <param name="parts">All parts of the batch, as <see cref="GradientAccumulation.Cut"/> gave them.</param>
    /// <param name="weights">Which weights the parts must be of (<see cref="GradientPart.Weights"/>).</param>
    /// <exception cref="ArgumentException">The parts are not all those of one batch in their order, with each completion once.</exception>
    public GradientSum(IReadOnlyList<Parameter> parameters, IReadOnlyList<BatchPart> parts, string weights)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentNullException.ThrowIfNull(weights);
        if (parts.Count == 0 || parts.Where((part, i) => part.Index != i || part.Parts != parts.Count).Any())
            throw new ArgumentException(
                $"The parts are {string.Join(", ", parts.Select(part => $"{part.Index} of {part.Parts}"))}; give all parts of one batch in "
                    + $"their order, as {nameof(GradientAccumulation)}.{nameof(GradientAccumulation.Cut)} made them.",
                nameof(parts)
            );
        if (parts.FirstOrDefault(part => part.Batch != parts[0].Batch) is { } other)
            throw new ArgumentException(
                $"Part {other.Index} is of the batch {other.Batch}, and part 0 of {parts[0].Batch}; give all parts of one batch, as one "
                    + $"call "
                    + $"of {nameof(GradientAccumulation)}.{nameof(GradientAccumulation.Cut)} made them.",
                nameof(parts)
            );
        int[] positions = [.. parts.SelectMany(part => part.Positions).Order()];
        int wrong = Enumerable.Range(0, positions.Length).FirstOrDefault(i => positions[i] != i, -1);
        if (wrong >= 0)
            throw new ArgumentException(
                $"The parts do not hold each of the {positions.Length} completions once: "
                    + $"{(positions[wrong] < wrong ? $"position {positions[wrong]} stands twice" : $"position {wrong} is missing")}. Give "
                    + $"what "
                    + $"{nameof(GradientAccumulation)}.{nameof(GradientAccumulation.Cut)} made, not parts that came alone.",
                nameof(parts)
            );
        (_parameters, _parts, _weights) = (parameters, parts, weights);
        _logProb = new double[positions.Length];
        _before = [.. parameters.Select(CopyOfGradient)];
    }

    /// <summary>How many parts were added: those before the first one that has not come.</summary>
    public int Added { get; private set; }

    /// <summary>How many parts came early and are held until those before them have come.</summary>
    public int Held => _early.Count;

    /// <summary>Takes a part, and adds it and those held that follow it, or holds it.</summary>
    /// <param name="part">A part that has not come before.</param>
    /// <exception cref="ArgumentException">It is of another batch or of other weights, it came before, or a gradient has not the size of
    /// its parameter; the message names which.</exception>
    public void Add(GradientPart part)
    {
        ArgumentNullException.ThrowIfNull(part);
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        RequireOfBatch(part);
        RequireSizes(part);
        _early.Add(part.Index, part);
        while (_early.Remove(Added, out GradientPart? next))
        {
            for (int i = 0; i < _parameters.Count; i++)
            {
                if (next.Gradients[i] is byte[] bytes)
                    Increase(_parameters[i], bytes);
            }

            _value += next.Value;
            ImmutableArray<int> positions = _parts[Added].Positions;
            for (int i = 0; i < positions.Length; i++)
                _logProb[positions[i]] = next.LogProb[i];
            Added++;
        }
    }

    /// <summary>Loss and log pi_theta of the whole batch.</summary>
    /// <exception cref="InvalidOperationException">A part has not come.</exception>
    public AccumulatedLoss ToLoss() =>
        Added == _parts.Count
            ? new AccumulatedLoss(_value, [.. _logProb])
            : throw new InvalidOperationException(
                $"Part {Added} of {_parts.Count} has not come; give each part of the batch once before the loss is asked for."
            );

    /// <summary>Frees what is held; where parts are missing, the parameters keep the gradients that they had before.</summary>
    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        _early.Clear();
        for (int i = 0; i < _before.Length; i++)
        {
            if (Added < _parts.Count)
            {
                using torch.Tensor? gradient = _parameters[i].grad;
                if (gradient is not null || _before[i] is not null)
                    _parameters[i].grad = _before[i];
            }

            _before[i]?.Dispose();
        }
    }

    private void RequireOfBatch(GradientPart part)
    {
        string? fault =
            part.Batch != _parts[0].Batch ? $"is of the batch {part.Batch}, and the sum is of {_parts[0].Batch}"
            : part.Weights != _weights ? $"is of the weights {part.Weights}, and the sum is of {_weights}"
            : part.Index < 0 || part.Index >= _parts.Count ? $"is none of the {_parts.Count} of the batch"
            : part.Index < Added || _early.ContainsKey(part.Index) ? "has come before"
            : part.LogProb.Length != _parts[part.Index].Positions.Length
                ? $"has {part.LogProb.Length} log-probabilities, and {_parts[part.Index].Positions.Length} completions"
            : null;
        if (fault is not null)
            throw new ArgumentException(
                $"Part {part.Index} of the gradient {fault}. Give each part of one batch, computed with its weights, once.",
                nameof(part)
            );
    }

    private void RequireSizes(GradientPart part)
    {
        if (part.Gradients.Length != _parameters.Count)
            throw new ArgumentException(
                $"Part {part.Index} has gradients of {part.Gradients.Length} parameters, and {_parameters.Count} are trained; give the "
                    + $"same parameters in the same order.",
                nameof(part)
            );
        for (int i = 0; i < _parameters.Count; i++)
        {
            long size = _parameters[i].numel() * _parameters[i].element_size();
            if (part.Gradients[i] is byte[] bytes && bytes.Length != size)
                throw new ArgumentException(
                    $"Part {part.Index} has {bytes.Length} bytes for parameter {i}, {Shown.Shape(_parameters[i].shape)} of "
                        + $"{_parameters[i].dtype}; it must have {size}.",
                    nameof(part)
                );
        }
    }

    private static torch.Tensor? CopyOfGradient(Parameter parameter)
    {
        using torch.Tensor? gradient = parameter.grad;
        using var noGradient = torch.no_grad();
        return gradient?.clone().DetachFromDisposeScope();
    }

    private static void Increase(Parameter parameter, byte[] bytes)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        var gradient = torch.empty(parameter.shape, parameter.dtype);
        bytes.CopyTo(gradient.bytes);
        gradient = gradient.to(parameter.device);
        if (parameter.grad is { } sum)
            sum.Increase(gradient);
        else
            parameter.grad = gradient;
    }
}
