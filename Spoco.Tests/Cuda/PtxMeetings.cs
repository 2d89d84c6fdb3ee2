namespace Spoco.Tests.Cuda;

/// <summary>
/// Where threads that a branch has parted meet again: its immediate postdominator, the first instruction that is on all ways from it to the end (Cooper, Harvey
/// and Kennedy, A simple, fast dominance algorithm, on the graph turned round).
/// </summary>
internal static class PtxMeetings
{
    /// <summary>Sets the meeting of every instruction.</summary>
    public static void Find(PtxInstruction[] instructions)
    {
        var end = instructions.Length;
        var into = new List<int>[end + 1];
        for (var i = 0; i <= end; i++)
            into[i] = [];
        for (var i = 0; i < end; i++)
            foreach (var next in Next(i))
                into[next].Add(i);

        // From the end back; those that come later in this order lie before the others.
        var (order, number) = (new List<int>(), new int[end + 1]);
        var waiting = new Stack<(int Node, int Edge)>([(end, 0)]);
        var seen = new bool[end + 1];
        seen[end] = true;
        while (waiting.TryPop(out var top))
        {
            if (top.Edge == into[top.Node].Count)
            {
                number[top.Node] = order.Count;
                order.Add(top.Node);
                continue;
            }

            waiting.Push((top.Node, top.Edge + 1));
            var before = into[top.Node][top.Edge];
            if (!seen[before])
            {
                seen[before] = true;
                waiting.Push((before, 0));
            }
        }

        var meeting = new int[end + 1];
        Array.Fill(meeting, -1);
        meeting[end] = end;
        for (var changed = true; changed;)
        {
            changed = false;
            for (var k = order.Count - 2; k >= 0; k--)
            {
                var (node, found) = (order[k], -1);
                foreach (var next in Next(node))
                    if (meeting[next] >= 0)
                        found = found < 0 ? next : Common(found, next);
                changed |= meeting[node] != found;
                meeting[node] = found;
            }
        }

        for (var i = 0; i < end; i++)
            instructions[i].Meeting = meeting[i] < 0 ? end : meeting[i];

        int Common(int a, int b)
        {
            while (a != b)
            {
                while (number[a] < number[b])
                    a = meeting[a];
                while (number[b] < number[a])
                    b = meeting[b];
            }

            return a;
        }

        IEnumerable<int> Next(int i)
        {
            var instruction = instructions[i];
            if (instruction.Flow == PtxFlow.Return && instruction.Guard < 0)
                yield return end;
            if (instruction.Flow == PtxFlow.Branch)
                foreach (var target in instruction.Targets.Distinct())
                    yield return target;
            // Threads that return under a condition do not meet the others any more.
            if (instruction.Flow is PtxFlow.Next or PtxFlow.Barrier || instruction.Guard >= 0)
                yield return i + 1;
        }
    }
}
