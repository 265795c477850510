using Mono.Cecil.Cil;

namespace VariationalBoN.Tests.Architecture.Natives;

/// <summary>Where a method goes on after each instruction, handlers of exceptions included. Immutable.</summary>
internal sealed class ControlFlow(MethodBody body)
{
    private readonly HashSet<Instruction> _withException =
    [
        .. body
            .ExceptionHandlers.Where(h => h.HandlerType is ExceptionHandlerType.Catch or ExceptionHandlerType.Filter)
            .Select(h => h.HandlerStart),
        .. body.ExceptionHandlers.Select(h => h.FilterStart).OfType<Instruction>(),
    ];

    /// <summary>The ordinary ways on.</summary>
    public static IEnumerable<Instruction> Successors(Instruction instruction) =>
        instruction.OpCode.FlowControl switch
        {
            FlowControl.Branch => [(Instruction)instruction.Operand],
            FlowControl.Cond_Branch when instruction.Operand is Instruction[] targets => targets.Append(instruction.Next),
            FlowControl.Cond_Branch => [(Instruction)instruction.Operand, instruction.Next],
            FlowControl.Return or FlowControl.Throw => [],
            _ => instruction.Next is null ? [] : [instruction.Next],
        };

    /// <summary>Where an exception of the instruction, or leaving its block, leads to.</summary>
    public IEnumerable<Instruction> Handlers(Instruction instruction) =>
        body
            .ExceptionHandlers.Where(h =>
                instruction.Offset >= h.TryStart.Offset && (h.TryEnd is null || instruction.Offset < h.TryEnd.Offset)
            )
            .SelectMany(h => h.FilterStart is null ? [h.HandlerStart] : new[] { h.FilterStart, h.HandlerStart });

    public IEnumerable<Instruction> Next(Instruction instruction) => Successors(instruction).Concat(Handlers(instruction));

    public bool EntersWithException(Instruction handler) => _withException.Contains(handler);
}
