using System.Globalization;
using System.Text.RegularExpressions;

namespace Spoco.Tests.Cuda;

/// <summary>Reads the text of a module, as far as ILGPU and the inline instructions of the kernels use the language (PTX ISA 7.8). What it does not know is a fault.</summary>
internal sealed partial class PtxReader
{
    /// <summary>Where a thread is: registers that every kernel has.</summary>
    public static readonly string[] Places =
    [
        "%tid.x", "%tid.y", "%tid.z", "%ntid.x", "%ntid.y", "%ntid.z", "%ctaid.x", "%ctaid.y", "%ctaid.z", "%nctaid.x", "%nctaid.y", "%nctaid.z", "%laneid",
    ];

    private readonly Dictionary<string, int> _registers = [];
    private readonly Dictionary<string, int> _predicates = [];
    private readonly Dictionary<ulong, int> _constants = [];
    private readonly Dictionary<string, ulong> _shared = [];
    private readonly Dictionary<string, (int Offset, int Bytes)> _parameters = [];
    private readonly Dictionary<string, int> _labels = [];
    private readonly Dictionary<string, string[]> _choices = [];
    private readonly List<(PtxInstruction Instruction, string[] Targets)> _jumps = [];
    private readonly Stack<List<string>> _scopes = [];
    private readonly List<PtxInstruction> _instructions = [];
    private int _registerCount;
    private int _predicateCount;
    private int _sharedBytes;

    private PtxReader()
    {
        foreach (var place in Places)
            _registers.Add(place, _registerCount++);
    }

    /// <summary>The kernels of a module.</summary>
    public static IEnumerable<PtxKernel> Read(string module)
    {
        var text = Comment().Replace(module, "");
        foreach (Match entry in Entry().Matches(text))
            yield return new PtxReader().ReadKernel(entry, text[(entry.Index + entry.Length)..]);
    }

    private PtxKernel ReadKernel(Match entry, string text)
    {
        var offset = 0;
        foreach (Match parameter in Parameter().Matches(entry.Groups["parameters"].Value))
        {
            var element = BytesOf(parameter.Groups["type"].Value);
            var alignment = parameter.Groups["align"].Success ? Number(parameter.Groups["align"]) : element;
            var bytes = parameter.Groups["count"].Success ? Number(parameter.Groups["count"]) * element : element;
            offset = (offset + alignment - 1) / alignment * alignment;
            _parameters.Add(parameter.Groups["name"].Value, (offset, bytes));
            offset += bytes;
        }

        var most = MostThreads().Match(entry.Groups["directives"].Value);
        ReadBody(text);
        foreach (var (instruction, targets) in _jumps)
            instruction.Targets = Array.ConvertAll(targets.Length == 1 && _choices.TryGetValue(targets[0], out var choices) ? choices : targets, t => _labels[t]);
        PtxInstruction[] instructions = [.. _instructions];
        PtxMeetings.Find(instructions);
        return new PtxKernel(
            entry.Groups["name"].Value, _parameters, instructions, _registerCount, _predicateCount, _constants.ToDictionary(c => c.Value, c => c.Key), _sharedBytes,
            most.Success ? Number(most.Groups[1]) : 0);

        static int Number(Group group) => int.Parse(group.Value, CultureInfo.InvariantCulture);
    }

    // Statements end with a semicolon, labels with a colon. A brace at the beginning of a statement opens or closes a scope.
    private void ReadBody(string text)
    {
        _scopes.Push([]);
        var at = 0;
        while (true)
        {
            while (char.IsWhiteSpace(text[at]))
                at++;
            switch (text[at])
            {
                case '{':
                    _scopes.Push([]);
                    at++;
                    continue;
                case '}':
                    foreach (var name in _scopes.Pop())
                    {
                        _registers.Remove(name);
                        _predicates.Remove(name);
                    }

                    if (_scopes.Count == 0)
                        return;
                    at++;
                    continue;
            }

            if (Label().Match(text, at) is { Success: true } label)
            {
                at += label.Length;
                if (Choices().Match(text, at) is { Success: true } choices)
                {
                    _choices.Add(label.Groups[1].Value, choices.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries));
                    at += choices.Length;
                }
                else
                {
                    _labels.Add(label.Groups[1].Value, _instructions.Count);
                }

                continue;
            }

            var end = text.IndexOf(';', at);
            ReadStatement(text[at..end].Trim());
            at = end + 1;
        }
    }

    private void ReadStatement(string statement)
    {
        if (statement.StartsWith(".reg", StringComparison.Ordinal))
            Declare(RegisterDeclaration().Match(statement));
        else if (SharedDeclaration().Match(statement) is { Success: true } shared)
            DeclareShared(shared);
        else if (InstructionForm().Match(statement) is { Success: true } instruction)
            ReadInstruction(instruction);
        else
            throw new PtxFault($"'{statement}' is not understood");
    }

    private void Declare(Match declaration)
    {
        var names = declaration.Groups["count"].Success
            ? Enumerable.Range(0, int.Parse(declaration.Groups["count"].Value, CultureInfo.InvariantCulture)).Select(i => declaration.Groups["name"].Value + i)
            : declaration.Groups["names"].Value.Split(',', StringSplitOptions.TrimEntries);
        foreach (var name in names)
        {
            if (declaration.Groups["type"].Value == "pred")
                _predicates.Add(name, _predicateCount++);
            else
                _registers.Add(name, _registerCount++);
            _scopes.Peek().Add(name);
        }
    }

    private void DeclareShared(Match declaration)
    {
        var alignment = int.Parse(declaration.Groups["align"].Value, CultureInfo.InvariantCulture);
        _sharedBytes = (_sharedBytes + alignment - 1) / alignment * alignment;
        _shared.Add(declaration.Groups["name"].Value, (ulong)_sharedBytes);
        _sharedBytes += int.Parse(declaration.Groups["count"].Value, CultureInfo.InvariantCulture) * BytesOf(declaration.Groups["type"].Value);
    }

    private void ReadInstruction(Match form)
    {
        var guard = form.Groups["guard"];
        var instruction = new PtxInstruction
        {
            Text = form.Value,
            Guard = guard.Success ? _predicates[guard.Value] : -1,
            IsGuardNegated = form.Groups["not"].Length > 0,
        };
        _instructions.Add(instruction);
        var (name, operands) = (form.Groups["name"].Value, Operands(form.Groups["operands"].Value));
        switch (name)
        {
            case "bra" or "bra.uni":
                instruction.Flow = PtxFlow.Branch;
                _jumps.Add((instruction, operands[0]));
                return;
            case "brx.idx":
                instruction.Flow = PtxFlow.Branch;
                instruction.From = [Register(operands[0][0])];
                _jumps.Add((instruction, operands[1]));
                return;
            case "ret":
                instruction.Flow = PtxFlow.Return;
                return;
            case "bar.sync" when operands is [["0"]]:
                instruction.Flow = PtxFlow.Barrier;
                return;
        }

        instruction.Action = PtxInstructions.Find(name) ?? throw new PtxFault($"'{form.Value}': {name} is not known");
        instruction.Bytes = BytesOf(name.Split('.')[^1]);
        instruction.Space = name.Contains(".param.", StringComparison.Ordinal) ? PtxSpace.Parameters
            : name.Contains(".shared.", StringComparison.Ordinal) && !name.StartsWith("cp.", StringComparison.Ordinal) ? PtxSpace.Shared
            : name.Contains(".global.", StringComparison.Ordinal) && !name.StartsWith("cp.", StringComparison.Ordinal) ? PtxSpace.Global : PtxSpace.Generic;
        var writes = PtxInstructions.Writes(name);
        for (var i = 0; i < operands.Length; i++)
        {
            foreach (var operand in operands[i])
            {
                if (operand.StartsWith('['))
                    ReadAddress(instruction, operand[1..^1]);
                else if (i == 0 && writes)
                    instruction.To = [.. instruction.To, _predicates.TryGetValue(operand, out var p) ? p : _registers[operand]];
                else if (name.StartsWith("cp.async", StringComparison.Ordinal) || (name == "mov.pred" && !_predicates.ContainsKey(operand)))
                    instruction.Offset = long.Parse(operand, CultureInfo.InvariantCulture);
                else
                    instruction.From = [.. instruction.From, _predicates.TryGetValue(operand, out var p) ? p : Register(operand)];
            }
        }
    }

    private void ReadAddress(PtxInstruction instruction, string text)
    {
        var parts = text.Split('+', StringSplitOptions.TrimEntries);
        if (parts.Length > 1 && instruction.Text.Contains("cp.async", StringComparison.Ordinal))
            throw new PtxFault($"'{instruction.Text}' has two numbers");
        instruction.Offset += parts.Length > 1 ? long.Parse(parts[1], CultureInfo.InvariantCulture) : 0;
        if (_parameters.TryGetValue(parts[0], out var parameter))
        {
            if (instruction.Offset + instruction.Bytes > parameter.Bytes)
                throw new PtxFault($"'{instruction.Text}' reads behind a parameter of {parameter.Bytes} bytes");
            instruction.Offset += parameter.Offset;
        }
        else
        {
            instruction.From = [.. instruction.From, Register(parts[0])];
        }
    }

    private int Register(string operand)
    {
        if (_registers.TryGetValue(operand, out var register))
            return register;
        var value = _shared.TryGetValue(operand, out var address) ? address : Constant(operand);
        if (!_constants.TryGetValue(value, out register))
            _constants.Add(value, register = _registerCount++);
        return register;
    }

    private static ulong Constant(string text)
    {
        if (text.StartsWith("0f", StringComparison.Ordinal) || text.StartsWith("0d", StringComparison.Ordinal) || text.StartsWith("0x", StringComparison.Ordinal))
            return ulong.Parse(text[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? unchecked((ulong)number) : ulong.TryParse(text, CultureInfo.InvariantCulture, out var large)
            ? large : throw new PtxFault($"the operand '{text}' is not known");
    }

    // Operands with their parts: several of a vector, one otherwise.
    private static string[][] Operands(string text) =>
        [.. Operand().Matches(text).Select(o => o.Value.StartsWith('{') ? o.Value[1..^1].Split(',', StringSplitOptions.TrimEntries) : [o.Value])];

    private static int BytesOf(string type) => type switch
    {
        "b8" or "u8" or "s8" => 1,
        "b16" or "u16" or "s16" or "f16" => 2,
        "b32" or "u32" or "s32" or "f32" => 4,
        "b64" or "u64" or "s64" or "f64" => 8,
        _ => 0,
    };

    [GeneratedRegex(@"//[^\n]*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"\.entry\s+(?<name>[\w$]+)\s*\((?<parameters>[^)]*)\)(?<directives>[^{]*)\{")]
    private static partial Regex Entry();

    [GeneratedRegex(@"\.param\s+(?:\.align\s+(?<align>\d+)\s+)?\.(?<type>\w+)\s+(?<name>[\w$]+)(?:\[(?<count>\d+)\])?")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"\.(?:maxntid|reqntid)\s+(\d+)")]
    private static partial Regex MostThreads();

    [GeneratedRegex(@"\G([\w$]+):\s*")]
    private static partial Regex Label();

    [GeneratedRegex(@"\G\.branchtargets\s+([^;]*);")]
    private static partial Regex Choices();

    [GeneratedRegex(@"^\.reg\s+\.(?<type>\w+)\s+(?:(?<name>[\w%$]+)<(?<count>\d+)>|(?<names>[\w%$,\s]+))$")]
    private static partial Regex RegisterDeclaration();

    [GeneratedRegex(@"^\.shared\s+\.align\s+(?<align>\d+)\s+\.(?<type>\w+)\s+(?<name>[\w$]+)\[(?<count>\d+)\]$")]
    private static partial Regex SharedDeclaration();

    [GeneratedRegex(@"^(?:@(?<not>!?)(?<guard>[\w%$]+)\s+)?(?<name>[a-z][\w.]*)(?:\s+(?<operands>.*))?$", RegexOptions.Singleline)]
    private static partial Regex InstructionForm();

    [GeneratedRegex(@"\{[^}]*\}|\[[^\]]*\]|[^\s,{}\[\]]+")]
    private static partial Regex Operand();
}
